"""Why: any verdict of the past explained by replaying to it, any order of the future tried."""
