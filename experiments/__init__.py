"""What talks to people and disks: configs, runs, statistics, figures, commands."""
