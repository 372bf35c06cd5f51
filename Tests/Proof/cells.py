"""What can go wrong at which point of a session, and what the design says is to come of it.

The expectations are derived from rules, for the job that meets the fault:

- What fails before the first MAIL is the relay's failure: no attempt, the job stays, the breaker opens.
- A reply of 4yz defers and one of 5yz refuses, at whatever command it comes. But 5yz to MAIL is the sender's while no other
  sender passes: the job stays.
- 421, the end of the connection, silence and nonsense later on are an attempt of the job: it is deferred.
- The same after the final dot is a doubt, unless a reply says that the mail was not taken.
- RSET, QUIT and an idle connection belong to no job: none loses anything by what happens there.
- A reply that comes slowly, but in time, is a reply; one that is not whole in time is silence.
- A reply that comes before its command cannot always be told from one that comes after it. Then it is that
  command's; else the relay is out of step, which is judged by the rules above.
"""
from dataclasses import dataclass

SENT, RELAY, DEFERRED, REFUSED, DOUBT = "sent", "relay's fault", "deferred", "refused", "in doubt"

# The words of outspool-sink(8). `drip` ends in time; `trickle` is the same, too slow.
ACTIONS = {
    "4xx": "451 4.3.0 Not now", "5xx": "550 5.7.1 Never", "421": "421 4.3.2 Closing", "malformed": "garbage",
    "endless": "endless", "half": "half", "close": "close", "reset": "reset", "silence": "silence", "drip": "drip",
    "trickle": "drip", "early": "early",
}
PHASES = [
    "connect", "tls", "greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "dot", "rset", "quit",
    "idle",
]
BEFORE_MAIL = PHASES[:6]
BETWEEN_JOBS = ["rset", "quit", "idle"]
# What a session is like: with PIPELINING, without, with STARTTLS and a login, with TLS from the first byte and a login.
MODES = {
    "plain": [phase for phase in PHASES if phase not in ("tls", "starttls", "auth")],
    "lockstep": ["mail", "rcpt", "data", "body", "dot", "rset", "quit", "idle"],
    "starttls": PHASES,
    "smtps": [phase for phase in PHASES if phase != "starttls"],
}


@dataclass(frozen=True)
class Cell:
    phase: str
    action: str
    mode: str

    @property
    def name(self):
        return f"{self.phase}-{self.action}-{self.mode}"

    @property
    def is_possible(self):
        """Nothing can be said in words before there is a session, in a handshake, or early where nothing is awaited."""
        if self.phase in ("connect", "tls"):
            return self.action in ("malformed", "close", "reset", "silence")
        return not (self.action == "early" and self.phase in ("greeting", "body", "idle"))

    @property
    def expected(self):
        """The outcomes that are right, and the code of the reply that they are to name, if one does."""
        phase, action = self.phase, self.action
        if phase in BETWEEN_JOBS:
            return {SENT}, None
        if action == "drip" and phase != "body":
            return {SENT}, None
        if action == "early":
            # Pipelined, the command is out already. One by one, two replies at once are one too many.
            if phase in ("rcpt", "data"):
                return {DEFERRED if self.mode == "lockstep" else SENT}, None
            # At the dot it is heard before the body is written: no dot follows it.
            if phase == "dot":
                return {DEFERRED}, None
            # What comes with the reply to EHLO or AUTH ends the session; what comes a moment later is MAIL's.
            return ({RELAY, SENT, DEFERRED} if phase == "mail" else {RELAY, SENT}), None
        if phase in BEFORE_MAIL:
            return {RELAY}, None
        if action == "4xx":
            return {DEFERRED}, 451
        if action == "5xx":
            return ({RELAY}, None) if phase == "mail" else ({REFUSED}, 550)
        if action == "421":
            return {DEFERRED}, 421
        if phase == "dot":
            return {DOUBT}, None
        # The relay goes on reading, so the dot is out when its silence is noticed.
        if phase == "body" and action in ("silence", "half"):
            return {DOUBT}, None
        return {DEFERRED}, None

    @property
    def has_bystander(self):
        """Whether the fault can be had for one recipient alone, while another's job passes."""
        return self.phase in ("rcpt", "data", "body", "dot") and self.action != "early"

    @property
    def options(self):
        """What outspool-sink is told."""
        target = "(victim@example.com)" if self.has_bystander else ""
        words = ["--fail", f"{self.phase}{target}={ACTIONS[self.action]}"]
        words += ["--drip-every", "200ms" if self.action == "trickle" else "1ms"]
        if self.phase == "rset":
            words += ["--fail", "rcpt(nobody@example.com)=450 4.2.1 Nobody"]
        if self.mode == "lockstep":
            words += ["--no-offer", "PIPELINING"]
        if self.mode == "smtps":
            words.append("--tls-implicit")
        return words

    @property
    def settings(self):
        """What the relay's section has besides its url."""
        lines = ["connections = 4", "idle_timeout = 10s"]
        if self.phase == "quit":
            lines.append("messages_per_connection = 1")
        if self.phase == "rset":
            lines[0] = "connections = 1"
        return lines


def cells():
    """Every cell that is possible."""
    every = [Cell(phase, action, mode) for mode, phases in MODES.items() for phase in phases for action in ACTIONS]
    return [cell for cell in every if cell.is_possible]
