"""What scripts/compare measures: groups of runs that alternate with each other, and the rows that are read off them."""

import statistics
from dataclasses import dataclass
from typing import Callable

SECRET = "only-for-measuring-only-for-measuring"
API_KEY = "benchkey"

COMMON = """
[server]
listen = "{address}"
data_dir = "{folder}/data"
connections_max = 100000
log = "warn"
allowed_origins = ["*"]
[api]
key = "%s"
[token]
hmac_secret = "%s"
""" % (API_KEY, SECRET)

OPEN = """
[channel]
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true
allow_publish_for_client = true
allow_publish_for_anonymous = true
"""

PLAIN = COMMON + "[client]\nanonymous = true\n" + OPEN
RECOVERABLE = PLAIN + 'history_size = 100\nhistory_ttl = "10m"\nforce_recovery = true\nforce_positioning = true\n'
TLS = '[tls]\ncert_file = "{folder}/cert.pem"\nkey_file = "{folder}/key.pem"\n'

# Settings of the real server, by name.
CONFIGS = {
    "plain": PLAIN,
    "two-shards": PLAIN.replace("[server]\n", "[server]\nshards = 2\n"),
    "recoverable": RECOVERABLE,
    "tls": RECOVERABLE + TLS,
    "channels": COMMON + "[client]\nanonymous = true\nchannels_max = 1000\n" + OPEN,
    "pings": COMMON + '[client]\nanonymous = true\nping_interval = "4s"\npong_timeout = "3s"\n' + OPEN,
}


@dataclass(frozen=True)
class Run:
    """A fresh server, named by its settings or its form, and what the driver is to do with it. A wide one may use both
    cores, of which one is the driver's."""

    server: str
    arguments: str
    token: bool = False
    protobuf: bool = False
    wide: bool = False

    @property
    def tls(self):
        return "[tls]" in CONFIGS.get(self.server, "")


@dataclass(frozen=True)
class Row:
    """A figure. `read` takes the reports of one round by the names of the runs."""

    name: str
    group: str
    figure: str
    read: Callable[[dict], float]
    runs: tuple
    at_least: bool
    target: float | None
    fails: float | None
    unit: str = ""


def fanout(subscribers, window):
    return f"fanout -n {subscribers} --window {window}"


def everybody(arguments, **servers):
    return {name: Run(server, arguments) for name, server in servers.items()}


# What a client does with a message takes longer than it takes the driver to look at it. The targets against C2 were set
# with a client that takes 0.35 µs for each; one that takes less hands its window back message by message to a server
# that waits for it, and the larger batches that it sees are those of the slower server.
CLIENT_NS = 250


def with_client(subscribers, window):
    """The same with clients that do something with what they get."""
    arguments = f"{fanout(subscribers, window)} --client-ns {CLIENT_NS}"
    return {"ours-client": Run("plain", arguments), "c2-client": Run("form-c2", arguments)}


ECHO = "chat --channels 10000 --members 1 --rate 2"
GROUPS = {
    "idle-shared": {"ours": Run("recoverable", "idle --shared --sizes 5000,10000,18000", token=True)},
    "idle-own": {"ours": Run("recoverable", "idle --own --sizes 5000,18000", token=True)},
    "idle-tls-shared": {"ours": Run("tls", "idle --shared --sizes 5000,18000", token=True)},
    "idle-tls-own": {"ours": Run("tls", "idle --own --sizes 5000,18000", token=True)},
    "fanout-1": everybody(
        fanout(1000, 1), ours="plain", c2="form-c2", a="form-a", ceiling="form-ceiling", b5="form-b5",
    ),
    "fanout-16": everybody(
        fanout(1000, 16), ours="plain", c2="form-c2", a="form-a", ceiling="form-ceiling --coalesce",
        recoverable="recoverable", b5="form-b5",
    ) | {
        "protobuf": Run("plain", fanout(1000, 16), protobuf=True),
        "two": Run("two-shards", fanout(1000, 16), wide=True),
    } | with_client(1000, 16),
    "fanout-64": everybody(
        fanout(1000, 64), ours="plain", c2="form-c2", a="form-a", ceiling="form-ceiling --coalesce", b5="form-b5",
    ) | with_client(1000, 64),
    "fanout-10k-1": everybody(fanout(10000, 1), ours="plain", ceiling="form-ceiling"),
    "fanout-10k-8": everybody(fanout(10000, 8), ours="plain", ceiling="form-ceiling --coalesce"),
    "chat": everybody("chat --channels 100 --members 10 --rate 2", ours="plain", ceiling="form-ceiling"),
    "echo": everybody(ECHO + " --warmup 3", ours="plain", ceiling="form-ceiling"),
    "churn": {"ours": Run("plain", "churn")},
    "churn-token": {"ours": Run("plain", "churn --subscribe 1", token=True)},
    "api": everybody(f"publish-http --key {API_KEY}", ours="plain", rest="form-rest"),
    "pings": {"ours": Run("pings", "pings -n 18000 --duration 12")},
    "channels": {
        "many": Run("channels", "channels --channels 100000 --window 64 --cpu 6"),
        "few": Run("channels", "channels --channels 1000 --window 64 --cpu 6"),
    },
}


def deliveries(ours, other):
    """How many times as many deliveries a processor second is good for."""
    return lambda reports: reports[ours]["deliveries_per_cpu_s"] / reports[other]["deliveries_per_cpu_s"]


def of_ours(field, divisor=1.0):
    return lambda reports: reports["ours"][field] / divisor


def against(name, group, other, figure, target, fails, ours="ours"):
    return Row(name, group, figure, deliveries(ours, other), (ours, other), True, target, fails)


def alone(name, group, figure, read, at_least, target, fails, unit):
    return Row(name, group, figure, read, ("ours",), at_least, target, fails, unit)


VS_C2 = "deliveries per server CPU-second ÷ C2's, 1,000 subscribers, 128 B, {} in flight"
VS_A = "the same ÷ A's, {} in flight"
VS_B5 = "the same ÷ B5's, {} in flight"
CEILING = "ceiling ÷ ours, CPU per delivery, {}"
COALESCING = "coalescing ceiling ÷ ours, CPU per delivery, {}"
ROWS = [
    alone("memory-shared", "idle-shared", "RSS per idle connection with token, one recoverable channel for all",
          of_ours("rss_per_connection", 1e3), False, 2.5, 4.0, " KB"),
    alone("memory-own", "idle-own", "the same with a channel each",
          of_ours("rss_per_connection", 1e3), False, 3.5, 5.5, " KB"),
    alone("memory-tls", "idle-tls-shared", "RSS per idle TLS connection with token, one recoverable channel for all",
          of_ours("rss_per_connection", 1e3), False, 11, 14, " KB"),
    alone("memory-tls-own", "idle-tls-own", "the same with a channel each",
          of_ours("rss_per_connection", 1e3), False, 11, 14, " KB"),
    alone("memory-10k", "idle-shared", "whole process with 10,000 idle",
          of_ours("rss_at_10000", 1e6), False, 45, 64, " MB"),
    alone("kernel", "idle-shared", "the kernel's objects per idle connection, one end (half of what both take here)",
          of_ours("kernel_per_connection_both_ends", 2e3), False, None, None, " KB"),
    against("c2-1", "fanout-1", "c2", VS_C2.format(1), 0.95, 0.85),
    against("c2-16", "fanout-16", "c2-client", VS_C2.format(16), 1.0, 0.8, ours="ours-client"),
    against("c2-64", "fanout-64", "c2-client", VS_C2.format(64), 1.8, 1.2, ours="ours-client"),
    against("c2-16-quick", "fanout-16", "c2", "the same with the quickest client there can be, 16 in flight", None, None),
    against("c2-64-quick", "fanout-64", "c2", "the same with the quickest client there can be, 64 in flight", None, None),
    against("a-1", "fanout-1", "a", VS_A.format(1), 1.25, None),
    against("a-16", "fanout-16", "a", VS_A.format(16), 12, None),
    against("a-64", "fanout-64", "a", VS_A.format(64), 40, None),
    against("b5-1", "fanout-1", "b5", VS_B5.format(1), None, None),
    against("b5-16", "fanout-16", "b5", VS_B5.format(16), None, None),
    against("b5-64", "fanout-64", "b5", VS_B5.format(64), None, None),
    against("ceiling-1k", "fanout-1", "ceiling", CEILING.format("1,000 subscribers, 1 in flight"), 0.92, 0.8),
    against("ceiling-10k", "fanout-10k-1", "ceiling", CEILING.format("10,000 subscribers, 1 in flight"), 0.82, 0.68),
    against("ceiling-chat", "chat", "ceiling", CEILING.format("100 channels × 10, 2 a second each"), 0.87, 0.75),
    against("coalescing-1k", "fanout-16", "ceiling", COALESCING.format("1,000 subscribers, 16 in flight"), 1.0, 0.8),
    against("coalescing-64", "fanout-64", "ceiling", COALESCING.format("1,000 subscribers, 64 in flight"), None, None),
    against("coalescing-10k", "fanout-10k-8", "ceiling", COALESCING.format("10,000 subscribers, 8 in flight"), 1.0, 0.8),
    Row("echo", "echo", "echo, 10,000 connections alone in their channels, 20,000/s: p99 ÷ the ceiling's",
        lambda reports: reports["ours"]["latency_us"]["p99"] / reports["ceiling"]["latency_us"]["p99"],
        ("ours", "ceiling"), False, 4, 10),
    against("positions", "fanout-16", "ours",
            "recoverable channels with positions ÷ ours without history, 16 in flight", 0.85, 0.7, ours="recoverable"),
    against("protobuf", "fanout-16", "ours",
            "Protobuf ÷ JSON, both ours, deliveries per server CPU-second, 16 in flight", 0.85, 0.7, ours="protobuf"),
    against("shards-cpu", "fanout-16", "ours", "two shards ÷ one, deliveries per server CPU-second, 16 in flight",
            None, None, ours="two"),
    Row("shards-rate", "fanout-16", "the same in deliveries a second; the second shard shares its core with the driver",
        lambda reports: reports["two"]["deliveries_per_s"] / reports["ours"]["deliveries_per_s"],
        ("two", "ours"), True, None, None),
    alone("connect", "churn", "connects per core-second, plain",
          of_ours("connects_per_cpu_s", 1e3), True, 15, 8, " k"),
    alone("connect-token", "churn-token", "the same with an HS256 token and one subscription",
          of_ours("connects_per_cpu_s", 1e3), True, 8, 4, " k"),
    Row("api", "api", "API publish per core-second ÷ a bare axum route that parses the same JSON",
        lambda reports: reports["ours"]["requests_per_cpu_s"] / reports["rest"]["requests_per_cpu_s"],
        ("ours", "rest"), True, 0.6, 0.4),
    alone("pings", "pings", "cores for the pings of a million connections at 25 s (18,000 at 4 s, scaled)",
          of_ours("cores_for_a_million"), False, 0.5, 0.8, ""),
    Row("channels", "channels", "user-space CPU per publish, 10⁵ channels ÷ 10³, the same 1,000 sockets",
        lambda reports: reports["many"]["server_user_us_per_publication"]
        / reports["few"]["server_user_us_per_publication"],
        ("many", "few"), False, 1.5, 2),
]


def values(row, log):
    """The figure of each round, or nothing for a round in which one of the runs it needs did not end well. No rounds if
    these runs were not made."""
    rounds = {}
    for report in log:
        if report["group"] == row.group and report["run"] in row.runs:
            rounds.setdefault(report["round"], {})[report["run"]] = report
    if not set(row.runs) <= set().union(*rounds.values()):
        return []
    return [value(row, rounds[number]) for number in sorted(rounds)]


def value(row, reports):
    if not all(run in reports and "error" not in reports[run] for run in row.runs):
        return None
    try:
        return row.read(reports)
    except KeyError:
        return None  # The machine does not tell.


def median(row, log):
    """The median of the rounds there are, or nothing."""
    there = [value for value in values(row, log) if value is not None]
    return statistics.median(there) if there else None


def verdict(row, log):
    """A round that did not end well is a failure, whatever the others say."""
    middle = median(row, log)
    if row.target is None and row.fails is None:
        return "–"
    if None in values(row, log) or middle is None:
        return "FAILS"
    worse = lambda limit: limit is not None and (middle < limit if row.at_least else middle > limit)
    return "FAILS" if worse(row.fails) else "short" if worse(row.target) else "ok"


HEAD = "| row | figure | median | rounds | target | fails at | |\n|---|---|---|---|---|---|---|"


def line(row, log):
    """The row's line of the table."""
    middle = median(row, log)
    shown = "none" if middle is None else f"**{number(middle)}{row.unit}**"
    sign, opposite = ("≥", "<") if row.at_least else ("≤", ">")
    bound = lambda limit, sign: "–" if limit is None else f"{sign} {number(limit)}{row.unit}"
    spread = " ".join("none" if value is None else number(value) for value in values(row, log))
    return (f"| {row.name} | {row.figure} | {shown} | {spread} | {bound(row.target, sign)} "
            f"| {bound(row.fails, opposite)} | {verdict(row, log)} |")


def number(value):
    return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"


def disturbed(report):
    """Whether others had the server's core for more than a tenth of the time it used. A wide one shares it by design."""
    run = GROUPS.get(report["group"], {}).get(report["run"])
    return not (run and run.wide) and report.get("server_waited_s", 0) > report.get("server_cpu_s", 0) / 10
