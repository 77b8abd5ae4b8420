"""Three graphs around the engine: every night, a training, and a person's answer to an alarm.

clv_nightly    check >> score >> cluster >> rank_clusters >> features >> monitor >> report; alarms that wait start clv_alarm
clv_training   train >> a person decides >> promote or reject
clv_alarm      a person decides >> acknowledge >> where they said so, clv_training
"""

import logging
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import clv_commands as commands
import pendulum
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import (
    DAG,
    BaseOperator,
    Context,
    DeadlineAlert,
    DeadlineReference,
    Param,
    SyncCallback,
    chain,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

log = logging.getLogger(__name__)

ZONE = pendulum.timezone(os.environ.get("CLV_TIMEZONE", "UTC"))
LATE_HOURS = os.environ.get("CLV_LATE_HOURS", "6")
DECIDE_WITHIN = timedelta(hours=float(os.environ.get("CLV_DECIDE_HOURS", "168")))
PEOPLE = [{"id": name, "name": name} for name in filter(None, os.environ.get("CLV_REVIEWERS", "").split(","))]
RETRIES = {
    "retries": 5,
    "retry_delay": timedelta(minutes=float(os.environ.get("CLV_RETRY_MINUTES", "5"))),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(hours=1),
}
WORDS = Param("", type="string", description="words for this run, as data.path=FILE; they win over CLV_WORDS")
WHY = Param(
    "", type="string", maxLength=2000, title="Reason", description="the ledger keeps it; without one, nothing moves"
)
NOT_BACKWARDS = ["scheduled", "manual", "operator_triggered"]  # no backfill: nobody decides about the past


class Engine(BaseOperator):
    """One command of the engine, as a process of its own.

    Args: command: of clv_commands.   words: those that the run's own words do not say.
    """

    template_fields = ("command", "words")

    def __init__(self, *, command: Any, words: Any = (), **kwargs: Any):
        super().__init__(**kwargs)
        self.command, self.words = command, words
        self.process = None

    def execute(self, context: Context) -> None:
        if self.command in commands.LOOKING_BACK and commands.is_earlier_day(self.words):
            raise AirflowSkipException(f"{self.command} looks at the newest day alone")
        self.process = commands.start(
            self.command, [*commands.words_of_history(context["params"]["words"]), *self.words]
        )
        try:
            for line in self.process.stdout:
                self.log.info("%s", line.rstrip())
            code = self.process.wait()
        finally:
            self.on_kill()
        if code:
            meaning = commands.meaning(code)
            said = f"{self.command} ended with exit code {code}: {meaning.why}"
            raise AirflowException(said) if meaning.again else AirflowFailException(said)

    def on_kill(self) -> None:
        if self.process:
            commands.end(self.process)


def engine(table: dict[str, float], command: str, words: Any = (), **kwargs: Any) -> Engine:
    return Engine(
        task_id=command, command=command, words=words, execution_timeout=timedelta(hours=table[command]), **kwargs
    )


def failed(context: Context) -> None:
    """Tells the people of the engine's alerts that a run of a graph failed."""
    run = context["dag_run"]
    log.warning(
        commands.tell(f"Failed: {run.dag_id}", f"{run.dag_id} {run.run_id} failed: {context.get('reason', '')}")
    )


def graph(name: str, **kwargs: Any) -> DAG:
    shared = {"params": {"words": WORDS}, "default_args": RETRIES, "on_failure_callback": failed, "tags": ["clv"]}
    start = datetime(2020, 1, 1, tzinfo=ZONE)
    return DAG(name, start_date=start, catchup=False, max_active_runs=1, **(shared | kwargs))


def place() -> commands.Place:
    """Where the words of this run lead, in a task."""
    return commands.place(commands.words_of_history(get_current_context()["params"]["words"]))


def found(read: Callable[[commands.Place], dict[str, Any]]) -> dict[str, Any]:
    """What the outputs say; what they say of another model fails at once, as it would again."""
    try:
        return read(place())
    except commands.OtherModel as error:
        raise AirflowFailException(str(error)) from error


@task
def day() -> list[str]:
    """The day that follows the run's interval: the first that its scores do not see."""
    run = get_current_context()["dag_run"]
    moment = pendulum.instance(run.data_interval_end or run.run_after)
    is_backfill = run.run_type == "backfill"
    return commands.words_of_day(moment.in_timezone(ZONE).to_date_string(), place().outputs, is_backfill)


@task.short_circuit
def open_alarms() -> dict[str, Any] | None:
    """What a person is asked about: the alarms that nobody has closed, unless a question about them is open already."""
    look = found(commands.look)
    is_asked = get_current_context()["ti"].get_dr_count("clv_alarm", states=["queued", "running"]) > 0
    return look if look["open_alarms"] and not is_asked else None


@task
def candidate() -> dict[str, Any]:
    return found(commands.candidate)


@task(multiple_outputs=True)
def decision(about: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return commands.decision(about["version"], answer)


@task
def closing(answer: dict[str, Any]) -> list[list[str]]:
    return commands.closing(get_current_context()["params"]["look"]["open_alarms"], answer)


@task.short_circuit
def is_retraining(answer: dict[str, Any]) -> bool:
    return answer["chosen_options"] == [commands.RETRAIN]


def ask(subject: str, body: str, options: tuple[str, ...], **kwargs: Any) -> HITLOperator:
    """A question without a default: nothing happens unless a person answers."""
    return HITLOperator(
        task_id="ask",
        subject=subject,
        body=body,
        options=list(options),
        params={"reason": WHY},
        assigned_users=PEOPLE or None,
        retries=0,
        **kwargs,
    )


_ABOUT_A_CANDIDATE = """
{% set c = ti.xcom_pull('candidate') %}
{{ c['recommendation'] }}

{% for gate in c['failed'] %}
- failed gate: {{ gate }}
{% endfor %}

It was compared with version {{ c['against'] or 'none' }}, the one in production. Read its review first: {{ c['page'] }}

Without an answer it stays a candidate, and nothing moves.
"""
_ABOUT_AN_ALARM = """
{% set look = dag_run.conf['look'] %}
As of {{ look['as_of'] }}, the monitor says:

{% for reason in look['reasons'] %}
- {{ reason }}
{% endfor %}

Read {{ look['page'] }} first. Your answer closes {{ look['open_alarms'] | length }} open alarm(s): {{ look['open_alarms'] | join(', ') }}. With `retrain`, a candidate is
trained, and a person decides about it again.
"""
_LATE = DeadlineAlert(
    reference=DeadlineReference.DAGRUN_QUEUED_AT,
    interval=timedelta(hours=float(LATE_HOURS or 0)),
    callback=SyncCallback("clv_commands.late", {"dag_id": "clv_nightly", "hours": LATE_HOURS}),
)

with graph(
    "clv_nightly", schedule=os.environ.get("CLV_NIGHTLY", "30 2 * * *") or None, deadline=_LATE if LATE_HOURS else None
):
    today = day()
    steps = {name: engine(commands.NIGHTLY, name, today) for name in commands.NIGHTLY}
    steps["report"].trigger_rule = "none_failed"  # a day without a look has a report
    chain(*steps.values())
    waiting = open_alarms()
    asking = TriggerDagRunOperator(
        task_id="ask_a_person",
        trigger_dag_id="clv_alarm",
        fail_when_dag_is_paused=True,
        trigger_run_id="alarm_{{ ti.xcom_pull('open_alarms')['open_alarms'][-1] }}",
        skip_when_already_exists=True,  # nobody is asked twice about the same alarm
        conf={"words": "{{ params.words }}", "look": waiting},
    )
    chain(steps["monitor"], waiting, asking)

with graph(
    "clv_training", schedule=os.environ.get("CLV_TRAINING", "0 5 1 * *") or None, allowed_run_types=NOT_BACKWARDS
):
    about = candidate()
    answer = ask(
        "Version {{ ti.xcom_pull('candidate')['version'] }} of model {{ ti.xcom_pull('candidate')['model'] }}",
        _ABOUT_A_CANDIDATE,
        tuple(commands.VERDICTS),
        response_timeout=DECIDE_WITHIN,
    )
    decided = decision(about, answer.output)
    chain(engine(commands.TRAINING, "train", day()), about, answer, decided)
    Engine(
        task_id="decide",
        command=decided["command"],
        words=decided["words"],
        execution_timeout=timedelta(hours=commands.DECIDING_HOURS),
    )

with graph(
    "clv_alarm",
    schedule=None,
    allowed_run_types=NOT_BACKWARDS,
    is_paused_upon_creation=False,
    params={"words": WORDS, "look": Param({}, type="object", description="what the monitor found")},
):
    answer = ask(
        "Alarm: model {{ dag_run.conf['look']['model'] }}, version {{ dag_run.conf['look']['model_version'] }}",
        _ABOUT_AN_ALARM,
        commands.DECISIONS,
    )
    closed = Engine.partial(
        task_id="acknowledge",
        command="acknowledge",
        execution_timeout=timedelta(hours=commands.DECIDING_HOURS),
    ).expand(words=closing(answer.output))
    retraining = is_retraining(answer.output)
    chain(
        closed,
        retraining,
        TriggerDagRunOperator(
            task_id="train",
            trigger_dag_id="clv_training",
            fail_when_dag_is_paused=True,
            conf={"words": "{{ params.words }}"},
        ),
    )
