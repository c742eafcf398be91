#!/usr/bin/env python3
"""What `dstune record` costs: the same load straight to mosquitto and through the proxy, which writes a trace.

Publishers at QoS 1 send at a given rate, whatever comes back, to one durable subscriber; latencies run from the
intended time. Runs alternate in pairs, and the difference of a pair's percentiles is what the proxy adds.
Ends with 1 if the median of that at p99 is a millisecond or more, or if anything is missing from the trace.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile

from compare import Broker, Trouble, load

# What the proxy may add at p99, microseconds.
BOUND = 1_000.0
KEYS = ("puback_p50_us", "puback_p99_us", "puback_p999_us", "delivery_p50_us", "delivery_p99_us")
PATIENCE = 20.0


class Proxy:
    """`dstune record` in front of a broker; looks like a broker to the load generator."""

    def __init__(self, options, broker, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.trace = f"{folder}/load.dstrace"
        self.process = subprocess.Popen(
            [options.dstune, "record", "--listen", f"127.0.0.1:{self.port}", "--upstream",
             f"127.0.0.1:{broker.port}", "--output", self.trace],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if "listening on" not in self.process.stdout.readline():
            raise Trouble("dstune record does not listen")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)


def recorded(options, trace):
    """PUBLISHes from clients that the trace holds."""
    said = subprocess.run([options.dstune, "inspect", trace, "--format", "json"], capture_output=True, text=True,
                          timeout=120, check=True).stdout
    found = json.loads(said)
    return found["packets"]["PUBLISH"], os.path.getsize(trace)


def pair(options, scratch, arguments):
    """One run straight and one through the proxy, each with a broker of its own."""
    runs = []
    for through in (False, True):
        broker = Broker("mosquitto", f"{scratch}/broker", options)
        proxy = None
        try:
            broker.start()
            if through:
                proxy = Proxy(options, broker, scratch)
            found = load(options, proxy or broker, "publish", *arguments)
            if proxy:
                proxy.stop()
                found["recorded"], found["trace_bytes"] = recorded(options, proxy.trace)
                os.remove(proxy.trace)
            runs.append(found)
        finally:
            if proxy and proxy.process.poll() is None:
                proxy.process.kill()
            broker.stop()
            shutil.rmtree(broker.folder, ignore_errors=True)
    return runs


def run(options, scratch):
    arguments = ("--rate", str(options.rate), "--publishers", str(options.publishers), "--seconds",
                 str(options.seconds))
    pairs = []
    for number in range(options.pairs):
        print(f"pair {number + 1} of {options.pairs}", file=sys.stderr)
        pairs.append(pair(options, scratch, arguments))
    print(f"\n{options.publishers} publishers, 200 bytes, QoS 1, {options.rate} messages a second, medians of "
          f"{options.pairs} pairs, microseconds\n{'':24}{'straight':>12}{'recorded':>12}{'added':>12}")
    added = {}
    for key in KEYS:
        added[key] = statistics.median(through[key] - straight[key] for straight, through in pairs)
        straight, through = (statistics.median(runs[side][key] for runs in pairs) for side in (0, 1))
        print(f"{key:24}{straight:>12.0f}{through:>12.0f}{added[key]:>12.0f}")
    # Each is recorded on its way in and on its way out.
    missing = sum(2 * through["delivered"] - through["recorded"] for _, through in pairs)
    size = statistics.median(through["trace_bytes"] / through["recorded"] for _, through in pairs)
    share = statistics.median(through["broker_cpu_share"] for _, through in pairs)
    print(f"{missing} messages are missing from the traces, which take {size:.1f} bytes a PUBLISH; the proxy took "
          f"{100 * share:.0f} % of a core")
    return {"added_us": added, "missing": missing, "pairs": pairs,
            "holds": missing == 0 and added["puback_p99_us"] < BOUND}


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dstune", default=f"{here}/../../.build/release/dstune")
    parser.add_argument("--generator", default=f"{here}/../../.build/mqttload")
    parser.add_argument("--mosquitto", default=shutil.which("mosquitto") or "/usr/sbin/mosquitto")
    parser.add_argument("--directory", default=".", help="where to write; a folder below it is made and removed")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="length of a measured window")
    parser.add_argument("--rate", type=int, default=1_000, help="messages a second")
    parser.add_argument("--publishers", type=int, default=50)
    parser.add_argument("--json", action="store_true", help="print what was found as JSON after the table")
    options = parser.parse_args()
    scratch = tempfile.mkdtemp(prefix=".dstune-bench-", dir=options.directory)
    try:
        results = run(options, os.path.abspath(scratch))
    except (Trouble, OSError, subprocess.SubprocessError) as trouble:
        print(f"record: {trouble}", file=sys.stderr)
        return 3
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if options.json:
        print(json.dumps(results, indent=2))
    return 0 if results["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
