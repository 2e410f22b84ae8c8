"""The frozen summary that windows are compared with. Pure but for reading files at its edge."""
