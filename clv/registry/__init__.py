"""The registry: versions and their files, the aliases, the ledger of decisions, reviews and alarms."""
