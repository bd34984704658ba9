"""The peers: scripts that are given a task as JSON and print what they measured, each run in a process of its own."""
