"""What the daemon is to do while it is killed, or while a system call fails.

To add one: a Scenario with its jobs, where they lie at first, and where each must end. The checks of crash.py hold
for all of them, so a scenario only says what is its own.
"""
import copy
import json
import os
import time

from place import NOBODY, taken_in

ONCE, NEVER = (1, 1), (0, 0)


def stamp(offset=0.0):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + offset))


def event(word, to=None, offset=-60, **more):
    line = {"at": stamp(offset), "event": word}
    if to:
        line["to"] = to
    return json.dumps({**line, **more}) + "\n"


class Job:
    """One file, and what must become of it.

    `recipients` says for each how often the relay must and may get the mail; what the history announces as in
    doubt may come on top. `end` is done, dead, hold, gone (removed when done), discarded (the newcomer of two) or
    foundling (in dead/ under a generated id).
    """

    def __init__(
        self, name, recipients=None, end="done", state="new", history="", box=None, rests=None, owner=None,
        may_hold=False, template="hello", secret=None, **members
    ):
        self.name = name
        self.recipients = {one(name): ONCE} if recipients is None else recipients
        self.end, self.state, self.history, self.box, self.rests = end, state, history, box, rests
        self.owner, self.may_hold = owner, may_hold
        self.plain = name.split("@")[0]
        params = {"name": self.plain, **({"code": secret} if secret else {})}
        self.object = {"template": template, "to": list(self.recipients), "params": params, **members}
        # What is kept of it in done/.
        self.kept = {**self.object, "params": {**params, "code": "***"}} if secret else self.object

    @property
    def place_name(self):
        """Its name outside of its drop box."""
        return taken_in(self.name, self.box) if self.box else self.name

    def put(self, place):
        state = self.state
        if state == "done":
            state = "done/" + time.strftime("%Y-%m-%d", time.gmtime())
        place.drop(state, self.name, json.dumps(self.object) + "\n" + self.history, owner=self.owner)


class Run(Job):
    """A job for a task: who runs it notes that, in `runs` beside the spool, before it does what it is for."""

    def __init__(self, name, end="done", template="work", **members):
        super().__init__(name, {}, end, template=template, **members)
        del self.object["to"]
        self.kept = self.object


class Scenario:
    """Jobs, the relay's and the configuration's part, and what is repaired once all is at rest."""

    def __init__(
        self, name, jobs, sink=(), main="", relay="", templates=None, repair=None, needs_root=False, buries_unreadable=False,
        told=None
    ):
        self.name, self.jobs, self.sink, self.main = name, jobs, list(sink), main
        # A file of a drop box that may not be opened is a dead letter: permissions are the producer's fault there.
        self.buries_unreadable = buries_unreadable
        # The outcomes of each job, in their order, that the program of on_event is told.
        self.told = told or {}
        # Of the relay's section; {port} is where it listens.
        self.relay = relay
        self.templates, self.repair, self.needs_root = templates or {}, repair or {}, needs_root

    def without_runs(self):
        """The same without tasks."""
        other = copy.copy(self)
        other.jobs = [job for job in self.jobs if not isinstance(job, Run)]
        return other

    @property
    def arrivals(self):
        """The jobs that come from outside."""
        return [job for job in self.jobs if job.state == "new" or job.state.startswith("drop/")]

    def prepare(self, place, jobs=None):
        """Makes the spool, with these jobs in it, all without it, and a relay."""
        place.initialise()
        if any(job.box for job in self.jobs):
            place.add_box("shop")
        for name, text in self.templates.items():
            place.write("templates/" + name, text)
            if name.endswith(("/run", "/data")):
                os.chmod(os.path.join(place.root, "templates", name), 0o755)
        options = [word for fault in self.sink for word in ("--fail", fault)]
        port = place.start_sink(*options)
        place.configure(port, self.main, self.relay.format(port=port))
        for job in self.jobs if jobs is None else jobs:
            job.put(place)

    def mend(self, place):
        for name, text in self.repair.items():
            place.write("templates/" + name, text)


def boxed(name, **options):
    return Job(name, state="drop/shop/new", box="shop", owner=NOBODY if os.geteuid() == 0 else None, **options)


def one(name):
    return f"{name}@example.com"


def scenarios():
    careful = {
        "careful/subject.mustache": "Hello\n", "careful/text.mustache": "Once.\n",
        "careful/template.conf": "on_doubt = hold\n",
    }
    # Whoever has no other process in mind has this one: the run is noted, and takes long enough to be met under way.
    program = """#!/bin/sh
echo "$OUTSPOOL_ID" >> ../../runs
sleep 0.02
case $OUTSPOOL_ID-$OUTSPOOL_ATTEMPT in
never-*) echo "not this one" >&2; exit 65 ;;
later-1) echo "not now" >&2; exit 75 ;;
esac
"""
    hour = stamp(3600)
    return [
        Scenario("sent", [Job("sent")]),
        Scenario("deferred", [Job("later")], sink=["rcpt(later@example.com)=451 4.7.1 Later:1"]),
        Scenario(
            "refused", [Job("never", {one("never"): NEVER}, "dead")], sink=["rcpt(never@example.com)=550 5.1.1 No"]),
        Scenario(
            "mixed", [Job("mixed", {one("yes"): ONCE, one("later"): ONCE, one("never"): NEVER}, "dead")],
            # Who is put off among others is asked for twice.
            sink=["rcpt(later@example.com)=451 4.7.1 Later:2", "rcpt(never@example.com)=550 5.1.1 No"]),
        Scenario(
            "parts", [Job("parts", {f"r{index}@example.com": ONCE for index in range(5)})],
            relay="recipients_per_mail = 2"),
        Scenario(
            "two-relays", [Job("both", {"a@one.example": ONCE, "b@two.example": ONCE, "c@one.example": ONCE})],
            relay="domains = one.example\n[relay rest]\nurl = smtp://127.0.0.1:{port}\ntls = none"),
        Scenario("doubt", [Job("doubt")], sink=["dot(doubt@example.com)=close:1"]),
        Scenario(
            "careful",
            [
                Job("held", {one("held"): (0, 1)}, "hold", template="careful"),
                Job("careful", {one("careful"): (0, 1)}, may_hold=True, template="careful"),
            ], sink=["dot(held@example.com)=close:1"], templates=careful),
        Scenario("scheduled", [Job("tomorrow", rests="scheduled", sendAt=hour)]),
        Scenario(
            "task", [Run("work"), Run("later"), Run("never", "dead"), Run("away@shop", "dead")],
            templates={"work/run": program}),
        Scenario(
            "taskcareful", [Run("work", may_hold=True)],
            templates={"work/run": program, "work/template.conf": "on_doubt = hold\n"}),
        Scenario(
            "data", [Job("order", template="order"), Job("none", {one("none"): NEVER}, "dead", template="order")],
            templates={
                "order/data": "#!/bin/sh\nread -r params\ncase $params in *none*) exit 65 ;; esac\n"
                "sleep 0.02\necho '{\"number\": 1042}'\n",
                "order/subject.mustache": "Order {{number}}\n", "order/text.mustache": "{{number}}\n"}),
        Scenario(
            "givenup",
            [Job("never", {one("never"): NEVER}, "dead", template="once"), Run("broken", "dead", template="broken")],
            sink=["rcpt(never@example.com)=451 4.7.1 Later:99"],
            templates={
                "once/subject.mustache": "Hello\n", "once/text.mustache": "Once.\n",
                "once/template.conf": "max_attempts = 1\n",
                "broken/run": "#!/bin/sh\necho \"$OUTSPOOL_ID\" >> ../../runs\nexit 1\n",
                "broken/template.conf": "max_attempts = 1\n",
            }),
        Scenario("expired", [Job("late", {one("late"): NEVER}, "dead", expiresAt=stamp(-3600))]),
        Scenario("malformed", [Job("wrong", {one("wrong"): NEVER}, "dead", colour="blue")]),
        Scenario(
            "blocked", [Job("blocked", template="missing")],
            repair={"missing/subject.mustache": "Here\n", "missing/text.mustache": "Here.\n"}),
        Scenario("returned", [Job("back")], sink=["mail=close:1"]),
        Scenario(
            "duplicates",
            [
                Job("twice", {one("twice"): NEVER}, "discarded"),
                Job("twice", {one("twice"): NEVER}, state="done", history=event("sent", one("twice"), attempt=1)),
                Job("clash", {one("clash"): NEVER}, "foundling", tags=["another"]),
                Job("clash", {one("clash"): NEVER}, state="done", history=event("sent", one("clash"), attempt=1)),
            ]),
        Scenario(
            "requeued",
            [
                Job("again", history=event("refused", one("again"), attempt=1, code=550, submitted=stamp(-90))),
                # Taken out of cur/ by the operator, before a daemon died that was sending it.
                Job("taken", {one("taken"): (1, 0)}, history=event("sending", [one("taken")], attempt=1)),
                Job(
                    "put", {one("put"): (1, 0)}, state="retry/02-1m",
                    history=event("sending", [one("put")], attempt=1)),
            ]),
        Scenario("unkept", [Job("unkept", end="gone")], main="done_retention = 0"),
        Scenario(
            "masked", [Job("secret", template="secret", secret="open sesame")],
            templates={
                "secret/subject.mustache": "Your code\n", "secret/text.mustache": "{{name}}: {{code}}\n",
                "secret/schema.json": json.dumps({"properties": {
                    "name": {"type": "string"}, "code": {"type": "string", "writeOnly": True}}}),
            }),
        Scenario("foreign", [Job("root", owner=NOBODY)], needs_root=True),
        Scenario(
            "pickup",
            [
                boxed("one"), boxed("two"), boxed("again", end="discarded"),
                Job("again@shop", {one("again"): ONCE}),
                boxed("other", end="foundling", recipients={one("other"): NEVER}, tags=["another"]),
                Job("other@shop", {one("kept"): ONCE}),
            ], buries_unreadable=True),
        Scenario(
            "event",
            [Job("both", {one("yes"): ONCE, one("never"): NEVER}, "dead"), boxed("order")],
            sink=["rcpt(never@example.com)=550 5.1.1 No"], main="on_event = hook",
            templates={"hook/run": "#!/bin/sh\necho \"$OUTSPOOL_ID\" >> ../../runs\n"},
            told={"both": ["sent", "dead"], "order@shop": ["sent"]}, buries_unreadable=True),
        Scenario(
            "recovery",
            [
                Job("begun", state="cur/main"),
                Job(
                    "open", {one("open"): (1, 0)}, state="cur/main",
                    history=event("sending", [one("open")], attempt=1)),
                Job(
                    "deferred", state="cur/main",
                    history=event("deferred", one("deferred"), attempt=1, code=451, next=hour)),
                Job(
                    "partly", {one("a"): NEVER, one("b"): ONCE}, state="cur/main",
                    history=event("sending", [one("a"), one("b")], attempt=1) + event("sent", one("a"), attempt=1)
                    + event("deferred", one("b"), attempt=1, code=451, next=hour)),
                Job(
                    "sent", {one("sent"): NEVER}, state="cur/main",
                    history=event("sending", [one("sent")], attempt=1) + event("sent", one("sent"), attempt=1)),
                Job(
                    "refused", {one("refused"): NEVER}, "dead", state="cur/main",
                    history=event("refused", one("refused"), attempt=1, code=550)),
                Job("waiting", state="cur/main", history=event("scheduled", next=hour), rests="scheduled", sendAt=hour),
                Job(
                    "careful", {one("careful"): NEVER}, "hold", state="cur/main", template="careful",
                    history=event("sending", [one("careful")], attempt=1)),
                Run("run", state="cur/main", history=event("running", attempt=1)),
                Run("ran", state="cur/main", history=event("running", attempt=1) + event("done", attempt=1)),
            ], templates={**careful, "work/run": program}),
    ]
