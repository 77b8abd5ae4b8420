"""The commands that messages name: each is spelt here, once."""

ROLLBACK = "mlflow run . -e rollback -P reviewer=NAME -P reason=WHY"


def promote(version: str, *, despite_gates: bool = False) -> str:
    """Returns the command that puts a version into production. version: its number, or N."""
    command = f"mlflow run . -e promote -P version={version} -P reviewer=NAME -P reason=WHY"
    return f"{command} -P despite_gates=true" if despite_gates else command


def review(version: str) -> str:
    """Returns the command that reviews a version. version: its number, or N."""
    return f"mlflow run . -e review -P version={version}"


def acknowledge(run_id: str) -> str:
    """Returns the command that closes an alarm. run_id: of the run that opened it, or RUN."""
    return f"mlflow run . -e acknowledge -P run_id={run_id} -P reviewer=NAME -P decision=keep|retrain|redesign -P reason=WHY"


ANOTHER = f"Hint: promote another version, or go back to the one before:\n  {promote('N')}\n  {ROLLBACK}"
