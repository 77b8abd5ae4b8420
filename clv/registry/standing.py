"""What the registry says of one model when a command starts."""

from functools import cached_property

from clv.registry import aliases, ledger, ledger_store


class Standing:
    def __init__(self, name: str, candidates: str | None = None):
        self.name, self.candidates = name, candidates or name

    def forget(self):
        for key in ("decisions", "production_number", "was_promoted"):
            self.__dict__.pop(key, None)

    @cached_property
    def decisions(self):
        return ledger.entries(ledger_store.stored(self.name))

    @cached_property
    def production_number(self):
        return aliases.named_production(self.name)

    @cached_property
    def was_promoted(self):
        return aliases.was_promoted(self.name)


def catch_up(standing: Standing) -> list[str]:
    return []
