"""Temporary: today's steps/monitoring.py on the new values."""

from types import SimpleNamespace

from clv import model


class Workspace:
    def __init__(self, run, history, production):
        self.run, self.history, self.prod = run, history, production
        self.config, self.as_of, self.stamp = run.config, history.as_of, run.stamp
        self.governance = SimpleNamespace(to_enter=())
        self.sample, self.intervals = run.sample, run.intervals
        self.silent_days, self.with_actual = history.silent_days, history.with_actual
        self.first_day, self.transactions, self.purchases = history.first_day, history.transactions, history.purchases

    production = property(lambda self: self.prod.version)
    production_model = property(lambda self: self.prod.model)
    production_tags = property(lambda self: self.prod.tags(self.as_of))
    learnt_until = property(lambda self: self.prod.learnt_until)

    def watched(self, cutoff, history_days):
        table = self.history.recent(cutoff, history_days, self.prod.definition)
        if table.empty:
            return table.assign(predicted_clv=0.0)
        return table.assign(predicted_clv=model.predict(self.prod.model, table)["predicted_clv"])
