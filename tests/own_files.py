"""Small files of every kind that the guide to a user's own data reads, with the names and columns that it uses."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from skrnn.datasets import load_digits, make_reviews

ACTIVITIES = np.array(["jump", "run", "walk"])


def write_all(folder: Path) -> None:
    """Write all files."""
    sensors(30).to_parquet(folder / "sensors.parquet")
    pd.concat([recording(person) for person in range(6)]).to_csv(folder / "recordings.csv", index=False)
    recording(0).drop(columns="person").to_csv(folder / "recording.csv", index=False)
    for part, seed in (("TRAIN", 0), ("TEST", 1)):
        (folder / f"Waves_{part}.ts").write_text(waves(seed), encoding="utf-8")
    texts, labels = make_reviews(120, random_state=0)
    reviews = pd.DataFrame({"review": texts, "sentiment": np.array(["bad", "good"])[labels]})
    reviews.to_csv(folder / "reviews.csv", index=False)
    digits = load_digits()
    for number, (image, digit) in enumerate(zip(digits.images[:200], digits.target[:200], strict=True)):
        path = folder / "digits" / str(digit) / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype(np.uint8)).save(path)


def sensors(n_trials: int) -> pd.DataFrame:
    """Return a long table in random order: trials of three activities by six persons, 60 to 99 steps, with holes."""
    random = np.random.default_rng(0)
    trials = []
    for trial in range(n_trials):
        activity = trial % 3
        seconds = np.arange(random.integers(60, 100)) / 50
        turns = 2 * np.pi * (1 + activity) * seconds + random.uniform(0, 2 * np.pi)
        trials.append(
            pd.DataFrame(
                {
                    "trial": f"T{trial:03}",
                    "second": seconds,
                    "acc_x": np.sin(turns) + 0.2 * random.normal(size=len(seconds)),
                    "acc_y": 9.8 + np.cos(turns) + 0.2 * random.normal(size=len(seconds)),
                    "ground": random.choice(["grass", "road"]),
                    "person": f"P{trial // 3 % 6}",
                    "activity": ACTIVITIES[activity],
                }
            )
        )
    table = pd.concat(trials, ignore_index=True)
    table.loc[random.choice(len(table), len(table) // 50, replace=False), "acc_x"] = np.nan
    return table.sample(frac=1, random_state=0)


def recording(person: int) -> pd.DataFrame:
    """Return what a person did for 960 steps, in bouts of 80."""
    random = np.random.default_rng(person)
    label = np.repeat(random.permutation(np.tile([0, 1, 2], 4)), 80)
    turns = np.cumsum(2 * np.pi * np.array([0.02, 0.05, 0.1])[label])
    noise = 0.2 * random.normal(size=(2, len(label)))
    return pd.DataFrame(
        {
            "person": f"P{person}",
            "second": np.arange(len(label)) / 20,
            "acc_x": np.sin(turns) + noise[0],
            "acc_y": np.cos(turns) + noise[1],
            "activity": ACTIVITIES[label],
        }
    )


def waves(seed: int) -> str:
    """Return a file of the UCR archive: 40 sine and square waves of 100 steps."""
    random = np.random.default_rng(seed)
    lines = ["@problemName Waves", "@univariate true", "@equalLength true", "@classLabel true sine square", "@data"]
    for number in range(40):
        wave = np.sin(np.linspace(0, 4 * np.pi, 100) + random.uniform(0, 2 * np.pi))
        wave = (np.sign(wave) if number % 2 else wave) + 0.1 * random.normal(size=100)
        lines.append(f"{','.join(f'{value:.4f}' for value in wave)}:{'square' if number % 2 else 'sine'}")
    return "\n".join(lines) + "\n"
