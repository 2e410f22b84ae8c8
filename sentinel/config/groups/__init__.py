"""The groups of the settings, by what they are about. `sentinel.config.settings` has them all."""
