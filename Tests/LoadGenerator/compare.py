#!/usr/bin/env python3
"""The broker beside mosquitto, under one load generator on the same cores.

Both are asked to keep what they acknowledge: dstune commits before it answers (acknowledgement on commit, no
sync), mosquitto has persistence on and saves its database when it ends. Queues have no bound, the window of
deliveries is the same, and neither waits to fill a TCP segment. dstune has a shard for each core. Runs alternate;
medians are compared.
"""

import argparse
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

# Deliveries to the subscriber that may be unacknowledged, in both brokers: a batch of dstune's. With EMQX's 32 what
# a subscriber gets is bounded by how often it is scheduled.
INFLIGHT = 100
CORES = len(os.sched_getaffinity(0))
# Of a user who is there only for this.
PASSWORD = "a password of twenty-four"
START_SECONDS = 20.0
END_SECONDS = 20.0

MOSQUITTO = """\
listener {port} 127.0.0.1
user root
persistence true
persistence_location {folder}/
max_queued_messages 0
max_inflight_messages {inflight}
set_tcp_nodelay true
log_type error
"""
MOSQUITTO_ANONYMOUS = "allow_anonymous true\n"
MOSQUITTO_USERS = "allow_anonymous false\npassword_file {folder}/users\n"

DSTUNE = """\
{access}
mqtt {{ max_inflight = {inflight}, max_mqueue_len = infinity }}
durable_storage.messages {{ engine = article, acknowledge = on_commit, sync = none, n_shards = {shards} }}
"""


class Trouble(Exception):
    pass


class Broker:
    """One run of a broker in a folder of its own, which is there again if it is started again."""

    def __init__(self, name, folder, options, user=None):
        self.name, self.folder, self.options, self.user = name, folder, options, user
        os.makedirs(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = None

    def command(self):
        path = f"{self.folder}/broker.conf"
        if self.name == "mosquitto":
            text = MOSQUITTO + (MOSQUITTO_USERS if self.user else MOSQUITTO_ANONYMOUS)
            access = ""
        else:
            text = DSTUNE
            access = f'authentication.users = "{self.folder}/users"' if self.user else ""
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.format(port=self.port, folder=self.folder, inflight=INFLIGHT, access=access,
                                   shards=getattr(self.options, "shards", CORES)))
        if self.name == "mosquitto":
            return [self.options.mosquitto, "-c", path]
        command = [self.options.dstune, "serve", "--config", path, "--data", f"{self.folder}/data", "--listen",
                   f"127.0.0.1:{self.port}", "--admin", "none"]
        return command if self.user else command + ["--allow-anonymous"]

    def add_user(self):
        """Writes the file of users, as each broker's own tool does."""
        users = f"{self.folder}/users"
        if self.name == "mosquitto":
            subprocess.run(["mosquitto_passwd", "-c", "-b", users, self.user, PASSWORD], check=True)
        else:
            subprocess.run([self.options.dstune, "passwd", users, self.user], input=f"{PASSWORD}\n", text=True,
                           stdout=subprocess.DEVNULL, check=True)

    def start(self):
        if self.user:
            self.add_user()
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as log:
            raise Trouble(f"{self.name} does not listen: {log.read().strip() or 'it says nothing'}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def load(options, broker, mode, *arguments):
    """What the generator says of one load of a broker that runs."""
    command = [options.generator, mode, "--port", str(broker.port), "--watch", str(broker.process.pid), *arguments]
    if broker.user:
        command += ["--user", broker.user]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False,
                           env={**os.environ, "MQTTLOAD_PASSWORD": PASSWORD})
    if not ended.stdout:
        raise Trouble(f"{mode} at {broker.name}: {ended.stderr.strip()}")
    found = json.loads(ended.stdout)
    if ended.returncode != 0:
        raise Trouble(f"{mode} at {broker.name}: not everything came back: {ended.stdout.strip()}")
    return found


def alternate(options, scratch, runs, mode, *arguments, user=None):
    """Each broker so often, one after the other, each time anew.
    Returns what was found, by broker."""
    found = {"dstune": [], "mosquitto": []}
    for run in range(runs):
        for name, results in found.items():
            print(f"{mode} {' '.join(arguments)}: {name}, run {run + 1} of {runs}", file=sys.stderr)
            broker = Broker(name, f"{scratch}/{name}", options, user)
            try:
                broker.start()
                results.append(load(options, broker, mode, *arguments))
            finally:
                broker.stop()
                shutil.rmtree(broker.folder, ignore_errors=True)
    return found


def medians(results):
    return {key: statistics.median(run[key] for run in results) for key in results[0]}


def compare(title, found, keys):
    """A table of medians, their ratios dstune / mosquitto, and from where to where the runs went."""
    ours, theirs = medians(found["dstune"]), medians(found["mosquitto"])
    rows = {}
    print(f"\n{title}\n{'':34}{'dstune':>12}{'mosquitto':>12}{'ratio':>8}   runs of each")
    for key in keys:
        ratio = ours[key] / theirs[key] if theirs[key] else float("nan")
        spans = {name: [min(run[key] for run in runs), max(run[key] for run in runs)] for name, runs in found.items()}
        rows[key] = {"dstune": ours[key], "mosquitto": theirs[key], "ratio": ratio, "runs": spans}
        digits = 2 if abs(ours[key]) < 100 else 0
        ranges = "  ".join(f"{low:.{digits}f} to {high:.{digits}f}" for low, high in spans.values())
        print(f"{key:34}{ours[key]:>12.{digits}f}{theirs[key]:>12.{digits}f}{ratio:>8.2f}   {ranges}")
    return rows


def survive(options, scratch, kills):
    """Kills the broker under load. What was acknowledged has to be delivered after it is back."""
    found = []
    for number in range(kills):
        broker = Broker("dstune", f"{scratch}/killed", options)
        try:
            broker.start()
            command = [options.generator, "publish", "--port", str(broker.port), "--survives", "--warmup", "0",
                       "--seconds", "30", "--window", "5"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as generator:
                time.sleep(0.5 + random.Random(options.seed + number).random())
                broker.kill()
                broker.start()
                said, complaint = generator.communicate(timeout=120)
            if not said:
                raise Trouble(f"after kill {number + 1}: {complaint.strip()}")
            found.append(json.loads(said))
        finally:
            broker.stop()
            shutil.rmtree(broker.folder, ignore_errors=True)
    lost = sum(run["acked_not_delivered"] for run in found)
    print(f"\n{kills} kills (seed {options.seed}): {sum(run['acked'] for run in found)} acknowledged, {lost} lost, "
          f"{sum(run['duplicates'] for run in found)} delivered again")
    return {"kills": kills, "seed": options.seed, "lost": lost, "runs": found}


def run(options, scratch):
    results = {"cores": CORES, "shards": options.shards, "load_average": os.getloadavg()[0]}
    if options.kills:
        results["killed"] = survive(options, scratch, options.kills)
    seconds = ("--seconds", str(options.seconds))
    cpu = ("broker_cpu_share", "generator_cpu_share")
    counts = ("acked", "delivered", "acked_not_delivered", "duplicates", "out_of_order")
    slower = None
    for window in options.window:
        found = alternate(options, scratch, options.pairs, "publish", "--window", str(window), *seconds)
        title = f"50 publishers, 200 bytes, QoS 1, {window} in flight each, one durable subscriber"
        results[f"closed_{window}"] = compare(
            title, found,
            ("acked_per_s", "delivered_per_s", "puback_p50_us", "puback_p99_us", "drain_s", *cpu, *counts))
        rate = min(medians(runs)["acked_per_s"] for runs in found.values())
        slower = slower or rate
    rate = int(slower * 0.7)
    found = alternate(options, scratch, options.pairs, "publish", "--rate", str(rate), *seconds)
    results["open"] = compare(
        f"the same at {rate} messages a second, 70 % of the slower one; from the intended time", found,
        ("puback_p50_us", "puback_p99_us", "puback_p999_us", "delivery_p99_us", "lag_p99_us", *cpu, *counts))
    found = alternate(options, scratch, options.pairs, "connect", "--seconds", "2")
    results["connect"] = compare("anonymous connects", found, ("connects_per_s", "connack_p99_us", *cpu))
    found = alternate(options, scratch, options.pairs, "connect", "--seconds", "2", user="fleet")
    results["authenticated"] = compare(
        "connects with a user and a password, of a fleet that shares them", found,
        ("connects_per_s", "connack_p99_us", *cpu))
    found = alternate(options, scratch, 1, "resume", "--window", "20")
    results["resume"] = compare(
        "a session returns to 100,000 messages", found,
        ("first_message_ms", "all_messages_s", "delivered", "acked_not_delivered"))
    return results


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dstune", default=f"{here}/../../.build/release/dstune")
    parser.add_argument("--generator", default=f"{here}/../../.build/mqttload")
    parser.add_argument("--mosquitto", default=shutil.which("mosquitto") or "/usr/sbin/mosquitto")
    parser.add_argument("--directory", default=".", help="where to write; a folder below it is made and removed")
    parser.add_argument("--pairs", type=int, default=5, help="how often each broker is run")
    parser.add_argument("--shards", type=int, default=CORES,
                        help="of dstune; one for each core, unless told otherwise. EMQX's default is 16")
    parser.add_argument("--seconds", type=float, default=3, help="length of a measured window")
    parser.add_argument("--window", type=int, action="append", help="messages in flight of each publisher; repeats")
    parser.add_argument("--kills", type=int, default=0, help="how often the broker is killed under load first")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON after the tables")
    options = parser.parse_args()
    options.window = options.window or [1, 20]
    scratch = tempfile.mkdtemp(prefix=".dstune-bench-", dir=options.directory)
    try:
        results = run(options, os.path.abspath(scratch))
    except (Trouble, OSError, subprocess.SubprocessError) as trouble:
        print(f"compare: {trouble}", file=sys.stderr)
        return 3
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if options.json:
        print(json.dumps(results, indent=2))
    missing = results.get("killed", {}).get("lost", 0)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
