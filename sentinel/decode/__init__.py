"""An exchange becomes rows: one module per serving protocol. Pure."""
