"""What importing a package takes beyond importing scikit-learn, in interpreters of their own."""

import subprocess
import sys

from benchmarks.peers.common import main, seconds


def startup(task: dict) -> dict:
    """Measure the import of a package, and whether TensorFlow came with it."""
    package = task["package"]

    def interpreter(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True)

    # In turns, so that a slow moment of the machine meets both.
    rounds = [
        (seconds(lambda: interpreter("import sklearn")), seconds(lambda: interpreter(f"import {package}")))
        for _ in range(task["best_of"])
    ]
    scikit_learn, own = (1000 * min(durations) for durations in zip(*rounds, strict=True))
    question = f"import sys, {package}; sys.exit('tensorflow' in sys.modules)"
    imported = subprocess.run([sys.executable, "-c", question]).returncode
    return {
        "value": max(own - scikit_learn, 0.0),
        "scikit_learn_ms": scikit_learn,
        "package_ms": own,
        "tensorflow_imported": imported,
    }


if __name__ == "__main__":
    main({"startup": startup}, packages=("skrnn", "keras", "scikit-learn"))
