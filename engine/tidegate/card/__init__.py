"""The host's side of the card: registers, rings of commands and responses, and their driver."""
