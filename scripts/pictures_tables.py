"""The tables of docs/performance.md, made of the runs that scripts/compare stored."""

import statistics

from compare_rows import HEAD, ROWS, disturbed, line, values

SIZES = (10_000, 100_000, 1_000_000)
# Where a server that is not told otherwise takes the ports of outgoing connections from.
PORTS = 60_999 - 32_768 + 1
# What the server wants open beside its connections.
FILES = 1_024 + 256


def machine(results):
    """What the runs were made on."""
    it, runs = results["machine"], results["runs"]
    rounds = max(report["round"] for report in runs)
    count = sum(map(disturbed, runs))
    return "\n".join([
        "| | |", "|---|---|",
        f"| processor | {it['processor']}, {it['cores']} cores: one for the server, one for the driver |",
        f"| memory | {it['memory_gb']} GB |",
        f"| system | {it['system']} |",
        f"| commit, day | {it['commit']}, {it['day']} |",
        f"| runs | {len(runs)} in {rounds} {'round' if rounds == 1 else 'rounds'}; in {count} of them the server waited "
        "for its core for more than a tenth of the time it used, because others had it |",
    ])


def targets(results):
    """All rows that were measured, and the names of those that were not."""
    there = [row for row in ROWS if values(row, results["runs"])]
    missing = [f"`{row.name}`" for row in ROWS if row not in there]
    table = "\n".join([HEAD, *(line(row, results["runs"]) for row in there)])
    return table + (f"\n\nNot measured here: {', '.join(missing)}." if missing else "")


def middle(results, group, field, run="ours"):
    """The median of a field over all rounds, or nothing if it was not measured."""
    return median_of(field, [report for report in results["runs"] if (report["group"], report["run"]) == (group, run)])


def median_of(field, reports):
    found = [report[field] for report in reports if field in report and "error" not in report]
    return statistics.median(found) if found else None


def table(first, rows):
    sizes = " | ".join(f"{size:,}, extrapolated" for size in SIZES)
    return "\n".join([f"| {first} | measured | {sizes} |", "|---" * (len(SIZES) + 2) + "|", *filter(None, rows)])


def sized(what, measured, of):
    return f"| {what} | {measured} | {' | '.join(of(size) for size in SIZES)} |"


def memory(results):
    """What so many connections take."""
    rows = [
        process(results, "idle-shared", "the server, one channel for all"),
        process(results, "idle-own", "the server, a channel each"),
        process(results, "idle-tls-shared", "the server with TLS, one channel for all"),
        process(results, "idle-tls-own", "the server with TLS, a channel each"),
        kernel(results, "kernel_per_connection_both_ends", "the kernel's objects, the server's end"),
        kernel(results, "kernel_buffers_per_connection_both_ends", "the kernel's buffers (`tcp_mem`), the server's end"),
        sized("open files", "–", lambda size: f"{size + FILES:,}"),
        sized("addresses of a proxy, with the usual range of ports", "–", lambda size: f"{-(-size // PORTS)}"),
    ]
    return table("memory and the like", rows)


def process(results, group, what):
    """A straight line through the empty end and the largest size."""
    each = middle(results, group, "rss_per_connection")
    if each is None:
        return None
    largest = max(int(field.removeprefix("rss_at_")) for report in results["runs"] if report["group"] == group
                  for field in report if field.startswith("rss_at_"))
    rss = middle(results, group, f"rss_at_{largest}")
    measured = f"{size_of(rss)} with {largest:,}, {each / 1e3:.3g} KB for each more"
    return sized(what, measured, lambda size: size_of(rss + each * (size - largest)))


def kernel(results, field, what):
    """Of all idle runs, for it is the whole machine's and others change it too."""
    both = median_of(field, results["runs"])
    if both is None:
        return None
    both = max(both, 0)
    return sized(what, f"{both / 2e3:.3g} KB each", lambda size: size_of(both / 2 * size))


def processor(results):
    """How many cores it takes to keep so many connections, and to speak to them."""
    us = "server_cpu_us_per_"
    rows = [
        cores(results, "pings", us + "ping", "ping", "pings every 25 s", 1 / 25),
        cores(results, "fanout-10k-1", us + "delivery", "delivery", "a message a second for all, one channel", 1),
        cores(results, "chat", us + "delivery", "delivery", "a message a second for each, channels of ten", 1),
        cores(results, "fanout-10k-8", us + "delivery", "delivery", "the same for all, when eight come at a time", 1),
        cores(results, "churn-token", us + "connect", "connect", "all come back within a minute, with tokens", 1 / 60),
    ]
    return table("cores for", rows)


def cores(results, group, field, thing, what, per_second):
    us = middle(results, group, field)
    if us is None:
        return None
    return sized(what, f"{us:.3g} µs for a {thing}", lambda size: f"{size * per_second * us / 1e6:.2g}")


def size_of(bytes_):
    return f"{bytes_ / 1e9:.3g} GB" if bytes_ >= 1e9 else f"{bytes_ / 1e6:.3g} MB"
