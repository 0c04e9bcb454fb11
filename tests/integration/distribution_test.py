#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What controllers ship and proxies take: the real programs on loopback, and servers that lie."""

import json
import os
import re
import signal
import subprocess
import time
import unittest

from distributed import Impostor, Relay, Stage
from mesh import BIN, MACHINE, ROOT, Client, Load, eventually, pod, smic


class Distribution(unittest.TestCase):
    def stage(self, *options):
        """reviews over two backends; pods on nodes; everything is allowed, so that a client may reach
        either of two proxies that share the machine's loopback addresses."""
        stage = self.enterContext(Stage("--access", "permissive", *options))
        mesh = stage.mesh.reviews(weights=[("reviews-v1", 1)])
        mesh.echo("v1", 21)
        mesh.echo("v2", 22)
        self.place(stage, web="n1", batch="n2")
        stage.start_controller()
        return stage

    def place(self, stage, **nodes):
        ns, ip = stage.mesh.ns, stage.mesh.ip
        numbers = {"web": 11, "batch": 12}
        pods = []
        for name, node in nodes.items():
            one = pod(ns, name, name, ip(numbers[name]))
            one["spec"]["nodeName"] = node
            pods.append(one)
        stage.mesh.write("placed.yaml", *pods)
        # mesh.reviews() wrote these pods too, without a node.
        kept = (stage.mesh.path / "pods.yaml").read_text().split("\n---\n")
        kept = [text for text in kept if not re.search(r'"kind": "Pod"[^}]*"name": "(web|batch)"', text)]
        (stage.mesh.path / "pods.yaml").write_text("\n---\n".join(kept))

    def address(self, proxy, stage):
        addresses = json.loads(proxy.get("/addresses")[1])
        host, _, port = addresses[f"reviews.{stage.mesh.ns}.mesh"]["80"].rpartition(":")
        return host, int(port)

    def who(self, stage, proxy):
        client = Client(*self.address(proxy, stage), source=stage.mesh.ip(11))
        try:
            return client.request()[1]
        finally:
            client.close()

    # ---- edits, and who is told -----------------------------------------------------------------

    def test_an_edit_arrives_at_every_node_and_is_acknowledged(self):
        stage = self.stage()
        one, two = stage.proxy("n1"), stage.proxy("n2")
        before = stage.all_current("n1", "n2")
        self.assertEqual(self.who(stage, one), "v1")
        with Load(*self.address(one, stage), stage.mesh.ip(11)) as load:
            load.has_seen(20)
            stage.mesh.weights([("reviews-v2", 1)])
            after = eventually(lambda: (s := stage.status())["version"] > before["version"]
                               and all(n["current"] for n in s["nodes"]) and s, "the edit is enforced")
            moment = time.monotonic()
            load.has_seen(50, since=moment)
            self.assertEqual({seen.who for seen in load.since(moment)}, {"v2"})
            self.assertEqual(load.failures(), [])
        self.assertEqual({node["node"] for node in after["nodes"]}, {"n1", "n2"})
        self.assertTrue(all(node["connected"] and node["since"] for node in after["nodes"]))
        # A node is told its own pods, and no others.
        self.assertIn(stage.mesh.ip(11), stage.recorded("n1").decode())
        self.assertNotIn(f'local pod {stage.mesh.ip(11)}', stage.recorded("n2").decode())
        self.assertEqual(one.metric("smic_controller_connected"), 1)
        self.assertEqual(one.metric("smic_state_version"), after["version"])
        two.says("enforcing")

    def test_a_node_runs_the_code_that_it_says_it_can_and_fetches_no_other(self):
        stage = self.stage()
        if "x86_64-v2" not in MACHINE:
            self.skipTest("needs an x86-64 CPU")
        wanted = {"n1": ("x86_64-v2", "--targets=x86_64-v2"), "n2": ("portable", "--engine=portable")}
        proxies = {node: stage.proxy(node, option) for node, (_, option) in wanted.items()}
        state = stage.all_current(*wanted)
        self.assertEqual({node["node"]: node["target"] for node in state["nodes"]},
                         {node: target for node, (target, _) in wanted.items()})
        units = [json.loads(line)["value"] for line in stage.recorded("n1").decode().splitlines()
                 if line.startswith('{"set":"mesh unit ')]
        self.assertEqual({tuple(unit["native"]) for unit in units}, {("aarch64", "x86_64-v2", "x86_64-v3")})
        digests = {"n1": {unit["native"]["x86_64-v2"] for unit in units}, "n2": {unit["image"] for unit in units}}
        for node, (target, _) in wanted.items():
            config = json.loads(proxies[node].get("/config")[1])
            self.assertEqual(set(config["targets"].values()), {target})
            self.assertEqual(proxies[node].metric("smic_images_fetched_total"), len(digests[node]))
            kept = {f"sha256:{path.name}" for path in (stage.home / f"state-{node}" / "images").iterdir()}
            self.assertEqual(kept, digests[node])
            self.assertEqual(self.who(stage, proxies[node]), "v1")

    def test_a_controller_without_targets_sends_tables_alone(self):
        stage = self.stage("--targets", "portable")
        proxy = stage.proxy("n1")
        stage.all_current("n1")
        self.assertNotIn(b'"native"', stage.recorded("n1"))
        self.assertEqual(set(json.loads(proxy.get("/config")[1])["targets"].values()), {"portable"})
        self.assertEqual(stage.node("n1")["target"], "portable")
        self.assertEqual(self.who(stage, proxy), "v1")

    def test_a_controller_that_is_killed_and_comes_back_goes_on_where_it_was(self):
        stage = self.stage()
        one, two = stage.proxy("n1"), stage.proxy("n2")
        before = stage.all_current("n1", "n2")
        with Load(*self.address(one, stage), stage.mesh.ip(11)) as load:
            stage.controller.end(signal.SIGKILL)
            load.has_seen(50)
            one.says("no controller")
            self.assertEqual(one.metric("smic_controller_connected"), 0)
            stage.start_controller()
            after = stage.all_current("n1", "n2")
            self.assertGreater(after["epoch"], before["epoch"])
            self.assertGreaterEqual(after["version"], before["version"])
            # Equal states are equal by their digests, so nothing but heads went over the wire.
            self.assertIn('set="0" removed="0"', "\n".join(one.err[-5:]))
            stage.mesh.weights([("reviews-v2", 1)])
            eventually(lambda: self.who(stage, two) == "v2", "an edit after the restart")
            self.assertEqual(load.failures(), [])
        self.assertEqual(one.metric("smic_states_refused_total"), 0)

    def test_a_proxy_starts_without_a_controller_and_serves_what_it_served(self):
        stage = self.stage()
        one = stage.proxy("n1")
        stage.all_current("n1")
        stage.mesh.weights([("reviews-v2", 1)])
        eventually(lambda: self.who(stage, one) == "v2", "the edit")
        eventually(lambda: '"weight":1' in (stage.home / "state-n1" / "state").read_text(), "it is kept")
        version = one.metric("smic_state_version")
        stage.controller.end(signal.SIGKILL)
        one.end()
        again = stage.proxy("n1")
        again.says("enforcing the last good state from disk")
        self.assertEqual(again.get("/readyz")[0], 200)
        self.assertEqual(self.who(stage, again), "v2")
        self.assertEqual(again.metric("smic_state_version"), version)
        stage.start_controller()
        stage.all_current("n1")
        stage.mesh.weights([("reviews-v1", 1)])
        eventually(lambda: self.who(stage, again) == "v1", "an edit after both have restarted")

    def test_a_partition_heals_and_loses_nothing(self):
        stage = self.stage()
        relay = Relay(stage.port)
        self.addCleanup(relay.close)
        one = stage.proxy("n1", controllers=[relay.url])
        stage.all_current("n1")
        with Load(*self.address(one, stage), stage.mesh.ip(11)) as load:
            relay.cut()
            one.says("no controller")
            eventually(lambda: not stage.node("n1")["connected"], "the controller notices")
            stage.mesh.weights([("reviews-v2", 1)])
            eventually(lambda: not stage.node("n1")["current"], "there is something new")
            load.has_seen(len(load.since(0)) + 50)
            self.assertEqual(self.who(stage, one), "v1")
            relay.heal()
            stage.all_current("n1")
            eventually(lambda: self.who(stage, one) == "v2", "the edit arrives")
            self.assertEqual(load.failures(), [])

    def test_a_proxy_goes_to_the_next_controller_and_resumes_there(self):
        stage = self.stage()
        other = self.enterContext(Stage("--access", "permissive"))
        other.mesh.path, other.keys, other.tokens = stage.mesh.path, stage.keys, stage.tokens
        other.start_controller()
        one = stage.proxy("n1", controllers=[stage.url, other.url])
        before = stage.all_current("n1")
        stage.controller.end(signal.SIGKILL)
        after = other.all_current("n1")
        self.assertGreaterEqual(after["version"], before["version"])
        self.assertEqual(one.metric("smic_states_refused_total"), 0)
        self.assertNotIn("base\":0", "\n".join(one.err))
        stage.mesh.weights([("reviews-v2", 1)])
        eventually(lambda: self.who(stage, one) == "v2", "an edit by the other controller")
        # And back to the first one, whose epoch is lower until it takes another.
        stage.start_controller()
        other.controller.end(signal.SIGKILL)
        stage.all_current("n1")
        self.assertEqual(one.metric("smic_states_refused_total"), 0)

    def replica_of(self, stage):
        """Another controller with the same keys, and another mesh."""
        other = self.enterContext(Stage("--access", "permissive"))
        other.mesh.reviews(weights=[("reviews-v2", 1)])
        other.keys, other.tokens = stage.keys, stage.tokens
        other.start_controller()
        return other

    def test_behind_one_address_the_replica_that_is_followed_gets_all_requests(self):
        """Each new connection to the address reaches the next replica, which knows nothing of the images
        that this one's states name, and whose versions are others."""
        stage = self.stage()
        other = self.replica_of(stage)
        service = Relay(stage.port, other.port)
        self.addCleanup(service.close)
        one = stage.proxy("n1", controllers=[service.url])
        stage.all_current("n1")
        self.assertEqual(self.who(stage, one), "v1")
        stage.mesh.weights([("reviews-v2", 1)])
        eventually(lambda: self.who(stage, one) == "v2", "the edit")
        stage.all_current("n1")
        self.assertGreater(one.metric("smic_images_fetched_total"), 0)
        self.assertEqual(service.accepted, 1, "only the watch")
        self.assertNotIn("no controller", one.text())
        # And when it is gone, the next one gets them all.
        stage.controller.end(signal.SIGKILL)
        other.all_current("n1")
        self.assertEqual(one.metric("smic_states_refused_total"), 0)

    def test_a_replica_that_is_reached_by_the_common_address_alone_is_asked_there(self):
        stage = self.stage()
        whole = stage.recorded("n1")
        fetched = []

        def image(digest):
            fetched.append(digest)
            return stage.ask(f"/v1/images/{digest}?node=n1", "secret-n1")[1]
        for fields in (["Smic-Replica: 127.0.0.1:1", "Smic-Heartbeat: 60000"],
                       ["Smic-Replica: 240.0.0.1:8443"],
                       ["Smic-Replica: nonsense", "Smic-Heartbeat: often"], ["Smic-Heartbeat: 0"]):
            fetched.clear()
            controller = Impostor(stage, whole, image, fields, deaf=2)
            self.addCleanup(controller.close)
            proxy = stage.proxy("n1", controllers=[controller.url], state=stage.home / f"state-{len(fields[0])}")
            eventually(lambda: controller.acks, f"an acknowledgement is said until it is heard: {fields}")
            self.assertEqual(controller.deaf, 0)
            self.assertNotIn("refused", controller.acks[0])
            self.assertTrue(fetched)
            self.assertNotIn("no controller", proxy.text())
            self.assertEqual(self.who(stage, proxy), "v1")
            proxy.end()

    def test_a_controller_that_falls_silent_is_left_within_ten_seconds(self):
        """It is there, and its kernel takes connections; but nothing comes."""
        stage = self.stage()
        other = self.replica_of(stage)
        proxy = stage.proxy("n1", controllers=[stage.url, other.url])
        stage.all_current("n1")
        stage.controller.process.send_signal(signal.SIGSTOP)
        self.addCleanup(stage.controller.process.send_signal, signal.SIGCONT)
        fell_silent = time.monotonic()
        other.all_current("n1")
        self.assertLess(time.monotonic() - fell_silent, 10)
        # Who only has nothing to say is not silent.
        connections = proxy.metric("smic_controller_connections_total")
        time.sleep(7)
        self.assertEqual(proxy.metric("smic_controller_connections_total"), connections)

    def test_status_says_who_is_behind_and_waits(self):
        stage = self.stage()
        admin = stage.home / "admin"
        admin.write_text("secret-admin")
        status = lambda *words: smic("status", "--controller", stage.url, "--trust", stage.keys / "ca.crt",  # noqa: E731
                                     "--token", admin, *words)
        behind = status()
        self.assertEqual(behind.returncode, 1, behind.stderr)
        self.assertRegex(behind.stdout, r"(?m)^n1 +no +- +- +- +behind$")
        self.assertIn("0 of 2 nodes enforce what is now, 1.1", behind.stdout)
        self.assertEqual(status("--wait", "--timeout=0").returncode, 1)
        stage.proxy("n1")
        two = stage.proxy("n2")
        good = status("--wait")
        self.assertEqual(good.returncode, 0, good.stdout + good.stderr)
        self.assertIn("2 of 2 nodes enforce what is now", good.stdout)
        version = stage.status()["version"]
        self.assertEqual(status(f"--wait={version}").returncode, 0)
        self.assertEqual(status(f"--wait={version + 50}", "--timeout=1").returncode, 1)
        two.end()
        self.assertRegex(eventually(lambda: "not connected" in (out := status().stdout) and out, "it is gone"),
                         r"(?m)^n2 +no +\d+\.\d+ +\d+s +(portable|[a-z]+\d+\S*) +not connected$")
        self.assertEqual(json.loads(status("--format=json").stdout)["nodes"][0]["node"], "n1")
        admin.write_text("secret-n1")
        self.assertIn("HTTP 403", status().stderr)
        self.assertEqual(status("--wait=x").returncode, 64)
        self.assertEqual(smic("status").returncode, 64)

    def test_the_commands_of_the_page_run(self):
        stage = self.stage()
        stage.proxy("n1")
        stage.all_current("n1")
        text = (ROOT / "docs" / "distribution.md").read_text()
        blocks = re.findall(r"(?ms)^```sh\n(.*?)^```", text)
        self.assertGreaterEqual(len(blocks), 5)
        environment = dict(os.environ, KEYS=str(stage.keys), TOKEN="secret-n1", ADMIN="secret-admin",
                           CONTROLLER=stage.url, PATH=f"{BIN}:{os.environ['PATH']}")
        for block in blocks:
            done = subprocess.run(["bash", "-e", "-c", block], env=environment, capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual(done.returncode, 0, f"{block}\n{done.stdout}\n{done.stderr}")
        self.assertEqual(stage.node("n1")["refused"]["reason"], "I would rather not")

    def test_a_signing_key_is_replaced_while_a_proxy_follows(self):
        stage = self.stage()
        stage.controller.end()
        mine = stage.home / "trust-of-the-proxy.pem"  # as a mounted ConfigMap: a moment behind
        mine.write_text((stage.keys / "trust.pem").read_text())
        ring = json.loads((stage.keys / "keys.json").read_text())
        new = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], check=True, capture_output=True, text=True)
        ring["signers"].append({"key": new.stdout, "from": int(time.time()) + 5})
        (stage.keys / "keys.json").write_text(json.dumps(ring))
        stage.start_controller()
        proxy = stage.proxy("n1", trust=mine)
        stage.all_current("n1")
        key = lambda: re.findall(r'"key":"([0-9a-f]+)"', (stage.home / "state-n1" / "state").read_text())[-1]  # noqa: E731
        before = eventually(lambda: (stage.home / "state-n1" / "state").exists() and key(), "it is kept")
        mine.write_text((stage.keys / "trust.pem").read_text())
        self.assertEqual(mine.read_text().count("BEGIN PUBLIC KEY"), 2)
        eventually(lambda: key() != before, "the new key signs")
        self.assertEqual(proxy.metric("smic_states_refused_total"), 0)
        self.assertEqual(self.who(stage, proxy), "v1")

    # ---- who is not believed --------------------------------------------------------------------

    def test_who_may_not_follow_is_told_so(self):
        stage = self.stage()
        for path, token, code in (("/v1/watch?node=n1", None, 401), ("/v1/watch?node=n1", "wrong", 401),
                                  ("/v1/watch?node=n2", "secret-n1", 403), ("/v1/watch?node=", "secret-n1", 400),
                                  ("/v1/watch?node=n1&from=x", "secret-n1", 400),
                                  ("/v1/status", "secret-n1", 403), ("/v1/images/sha256:0", None, 401),
                                  ("/v1/images/sha256:0?node=n1", "secret-n1", 404)):
            self.assertEqual(stage.ask(path, token)[0], code, path)
        ack = json.dumps({"node": "n2", "epoch": 1, "version": 1})
        self.assertEqual(stage.ask("/v1/ack", "secret-n1", ack)[0], 403)
        self.assertEqual(stage.ask("/v1/ack", "secret-n2", "{}")[0], 400)
        self.assertEqual(stage.ask("/v1/ack", "secret-n2", ack)[0], 204)
        proxy = stage.proxy("n1", token="secret-n2")
        proxy.says("HTTP 403")
        self.assertEqual(proxy.get("/readyz")[0], 503)

    def test_a_controller_of_another_authority_is_not_believed(self):
        stage = self.stage()
        other = self.enterContext(Stage())
        other.mesh.reviews()
        other.start_controller()
        proxy = stage.proxy("n1", trust=other.keys / "trust.pem")
        proxy.says("unable to get local issuer certificate")
        self.assertEqual(proxy.get("/readyz")[0], 503)
        # The right authority, but signatures of a stranger.
        mixed = stage.home / "mixed.pem"
        keys = (other.keys / "trust.pem").read_text()
        mixed.write_text((stage.keys / "ca.crt").read_text() + keys[keys.index("-----BEGIN PUBLIC"):])
        proxy = stage.proxy("n1", trust=mixed, state=stage.home / "state-mixed")
        proxy.says("signed by a key that is not trusted")
        self.assertEqual(proxy.get("/readyz")[0], 503)
        eventually(lambda: "not trusted" in ((stage.node("n1") or {}).get("refused") or {}).get("reason", ""),
                   "the refusal is told")

    def test_lies_are_refused_and_the_last_good_version_stays(self):
        stage = self.stage()
        proxy = stage.proxy("n1")
        stage.all_current("n1")
        old = stage.recorded("n1")
        stage.mesh.weights([("reviews-v2", 1)])
        eventually(lambda: self.who(stage, proxy) == "v2", "the edit")
        current = stage.recorded("n1")
        other_node = stage.recorded("n2")
        version = stage.all_current("n1")["version"]
        proxy.end()
        newer = lambda text: re.sub(rb'"version":\d+', b'"version":%d' % (version + 7), text)  # noqa: E731
        for lie, reason in ((old, "downgrade or replay"), (current, "downgrade or replay"),
                            (other_node, "meant for the node `n2`"),
                            (re.sub(rb'\{"end":\d+', b'{"end":%d' % (version + 7), newer(current)), "signature is wrong"),
                            (current.replace(b'"weight":1', b'"weight":7'), "downgrade or replay"),
                            (b"nonsense\n", "not understood")):
            impostor = Impostor(stage, lie)
            again = stage.proxy("n1", controllers=[impostor.url])
            again.says("enforcing the last good state from disk")
            again.says(reason)
            self.assertEqual(self.who(stage, again), "v2", reason)
            eventually(lambda: again.metric("smic_states_refused_total") >= 1, "it is counted")
            if b"nonsense" not in lie and b"n2" not in lie.split(b"\n")[0]:
                eventually(lambda: any(reason in ack.get("refused", "") for ack in impostor.acks), "it is told")
            again.end()
            impostor.close()

    def test_what_is_cut_off_or_damaged_on_its_way_is_never_enforced(self):
        stage = self.stage()
        whole = stage.recorded("n1")
        images = {}
        for digest in set(re.findall(rb"sha256:[0-9a-f]{64}", whole)):
            code, body = stage.ask(f"/v1/images/{digest.decode()}?node=n1", "secret-n1")
            if code == 200:
                images[digest.decode()] = body
        self.assertTrue(images)
        cut = Impostor(stage, whole[:whole.rindex(b"{\"end\"")], images.get)
        damaged = Impostor(stage, whole, lambda digest: images[digest][:-1] + b"\0\0")
        changed = Impostor(stage, whole.replace(b'"weight":1', b'"weight":2', 1), images.get)
        good = Impostor(stage, whole, images.get)
        for impostor, saying in ((cut, "following"), (damaged, "came with other bytes"), (changed, "has the digest")):
            self.addCleanup(impostor.close)
            proxy = stage.proxy("n1", controllers=[impostor.url], state=stage.home / f"state-{saying[:3]}")
            proxy.says(saying)
            self.assertEqual(proxy.get("/readyz")[0], 503, saying)
            self.assertFalse((stage.home / f"state-{saying[:3]}" / "state").exists())
            proxy.end()
        self.addCleanup(good.close)
        proxy = stage.proxy("n1", controllers=[good.url])
        proxy.says("enforcing")
        self.assertEqual(self.who(stage, proxy), "v1")

    def test_a_state_on_disk_that_was_touched_is_refused(self):
        stage = self.stage()
        proxy = stage.proxy("n1")
        stage.all_current("n1")
        state = stage.home / "state-n1" / "state"
        eventually(state.exists, "it is kept")
        proxy.end()
        stage.controller.end(signal.SIGKILL)
        kept = state.read_bytes()
        state.write_bytes(kept.replace(b'"weight":1', b'"weight":3', 1))
        touched = stage.proxy("n1")
        touched.says("the state on disk is refused")
        self.assertEqual(touched.get("/readyz")[0], 503)
        touched.end()
        state.write_bytes(kept + kept[:len(kept) // 2])  # cut off in the middle of an append
        whole = stage.proxy("n1")
        whole.says("enforcing the last good state from disk")
        whole.end()
        for image in (stage.home / "state-n1" / "images").iterdir():
            image.write_bytes(image.read_bytes() + b"!")
        broken = stage.proxy("n1")
        broken.says("is damaged on disk")
        stage.start_controller()
        stage.all_current("n1")
        self.assertEqual(self.who(stage, broken), "v1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
