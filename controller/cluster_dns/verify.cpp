// SPDX-License-Identifier: Apache-2.0
// Tested by verify_test.cpp, and by tests/system/cluster_dns_test.py: a real CoreDNS that reloads, refuses, breaks.
#include "controller/cluster_dns/verify.h"

#include <algorithm>

#include "controller/cluster_dns/carry_out.h"

namespace smic::cluster_dns {
namespace {

using Clock = std::chrono::steady_clock;

std::string told(const Server& server) {
  return (server.pod.empty() ? "" : server.pod + " at ") + server.address + ':' +
         std::to_string(server.port);
}

// Pods come and go meanwhile: who is asked is whoever is there now.
std::vector<Server> servers_now(kube::Client& client, const Running& running) {
  auto servers = read_endpoints(client, running.ns, running.service);
  return servers && !servers->empty() ? std::move(*servers) : running.servers;
}

// A server says nothing while it reloads, or where a datagram was lost: only one that keeps silent
// for all of `patience.live` does not work.
Outcome<int> outside_before(kube::Client& client, const kube::Stop& stop, const Running& running,
                            const Expectation& expected, const Patience& patience) {
  return keep_asking_outside([&] { return servers_now(client, running); }, stop, expected,
                             patience);
}

// Nothing: live. Else what was missing when the time was over.
std::optional<std::string> wait_until_live(kube::Client& client, const kube::Stop& stop,
                                           const Running& running, const Expectation& expected,
                                           const Patience& patience) {
  const auto deadline = Clock::now() + patience.live;
  for (;;) {
    auto missing = complaint(servers_now(client, running), expected, patience);
    if (!missing || Clock::now() >= deadline) return missing;
    if (stop.wait(patience.between) || expected.outdated()) return missing;
  }
}

}  // namespace

bool answers_for(const Server& server, const std::string& zone,
                 std::chrono::milliseconds patience) {
  const auto said = ask(server, zone, kTypeSoa, patience);
  return said && said->rcode == kNoError && said->soa_server == "ns.dns." + zone;
}

bool all_answer_for(const std::vector<Server>& servers, const std::string& zone,
                    std::chrono::milliseconds patience) {
  return !servers.empty() && std::ranges::all_of(servers, [&](const Server& server) {
    return answers_for(server, zone, patience);
  });
}

std::string outside_name(const std::string& cluster_domain) {
  return "kubernetes.default.svc." + cluster_domain;
}

Outcome<int> ask_outside(const std::vector<Server>& servers, const std::string& name,
                         const Patience& patience) {
  int rcode = kNoError;
  for (const Server& server : servers) {
    const auto said = ask(server, name, kTypeA, patience.answer);
    if (!said || said->rcode == kServerFailure) {
      return wait_for("the cluster's DNS itself does not answer: " + told(server) +
                      " was asked for " + name + " and " +
                      (said ? "said SERVFAIL" : "said nothing"));
    }
    rcode = said->rcode;
  }
  return rcode;
}

Outcome<int> keep_asking_outside(const std::function<std::vector<Server>()>& servers,
                                 const kube::Stop& stop, const Expectation& expected,
                                 const Patience& patience) {
  const auto deadline = Clock::now() + patience.live;
  for (;;) {
    auto rcode = ask_outside(servers(), expected.outside, patience);
    if (rcode || Clock::now() >= deadline) return rcode;
    if (stop.wait(patience.between) || expected.outdated()) return rcode;
  }
}

std::optional<std::string> complaint(const std::vector<Server>& servers,
                                     const Expectation& expected, const Patience& patience) {
  for (const Server& server : servers) {
    const auto outside = ask(server, expected.outside, kTypeA, patience.answer);
    if (!outside || outside->rcode != expected.outside_rcode) {
      return told(server) + " no longer answers for " + expected.outside + " as before";
    }
    for (const std::string& zone : expected.ours) {
      if (!answers_for(server, zone, patience.answer)) {
        return told(server) + " does not lead " + zone + " to the mesh";
      }
    }
    for (const std::string& zone : expected.not_ours) {
      if (answers_for(server, zone, patience.answer)) {
        return told(server) + " still leads " + zone + " to the mesh";
      }
    }
  }
  return std::nullopt;
}

Outcome<void> wait_for_it(kube::Client& client, const kube::Stop& stop, const Running& running,
                          const Plan& plan, Expectation expected, const Patience& patience) {
  expected.outside = outside_name(plan.cluster_domain);
  const auto before = outside_before(client, stop, running, expected, patience);
  if (!before) return std::unexpected(before.error());
  expected.outside_rcode = *before;
  auto missing = wait_until_live(client, stop, running, expected, patience);
  return missing ? wait_for(std::move(*missing)) : Outcome<void>{};
}

Outcome<void> bring_live(kube::Client& client, const kube::Stop& stop, const Running& running,
                         const Plan& plan, Expectation expected, const Patience& patience) {
  expected.outside = outside_name(plan.cluster_domain);
  const auto before = outside_before(client, stop, running, expected, patience);
  if (!before) return std::unexpected(before.error());
  expected.outside_rcode = *before;
  if (auto kept = back_up(client, running, plan); !kept) return kept;
  if (auto written = write(client, plan); !written) return written;
  touch(client, running);
  const auto missing = wait_until_live(client, stop, running, expected, patience);
  if (!missing) return {};
  if (stop.stopped() || expected.outdated()) return wait_for("not live yet: " + *missing);

  std::string message = *missing;
  if (const auto undone = undo(client, plan); !undone) {
    message += "; taking it back failed: " + undone.error().message;
  }
  touch(client, running);
  return std::unexpected(Trouble{Trouble::Kind::not_live, std::move(message)});
}

}  // namespace smic::cluster_dns
