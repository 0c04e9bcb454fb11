// SPDX-License-Identifier: Apache-2.0
// Whether the cluster's DNS does what is written, by asking it: each server, since each reads its
// files for itself.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "controller/cluster_dns/ask.h"
#include "controller/cluster_dns/plan.h"
#include "controller/kube/fault.h"

namespace smic::cluster_dns {

struct Patience {
  std::chrono::milliseconds answer{2'000};  // for one question
  std::chrono::milliseconds between{500};   // until all are asked again
  // Kubelet's look at a ConfigMap's volume, where touching a pod is not enough, and CoreDNS's own
  // `reload`, 30 s and half as much again by default.
  std::chrono::milliseconds live{120'000};
};

// The apex of a zone of ours says by its SOA that one of our responders gave the answer.
bool answers_for(const Server& server, const std::string& zone, std::chrono::milliseconds patience);
bool all_answer_for(const std::vector<Server>& servers, const std::string& zone,
                    std::chrono::milliseconds patience);

// The name that proves the cluster's DNS itself: it is in every cluster.
std::string outside_name(const std::string& cluster_domain);
// Its answer's code; a trouble if a server does not answer, or has a failure to tell.
Outcome<int> ask_outside(const std::vector<Server>& servers, const std::string& name,
                         const Patience& patience);

struct Expectation {
  std::vector<std::string> ours;      // answered by our responders
  std::vector<std::string> not_ours;  // no longer
  std::string outside;
  int outside_rcode = kNoError;  // as before
  // Something else is wanted by now, so that this is waited for no longer.
  std::function<bool()> outdated = [] { return false; };
};

// `expected.outside` asked again, of whoever is there by then, until every server answers or
// `patience.live` is over.
Outcome<int> keep_asking_outside(const std::function<std::vector<Server>()>& servers,
                                 const kube::Stop& stop, const Expectation& expected,
                                 const Patience& patience);

// What is not as expected; nothing: all is.
std::optional<std::string> complaint(const std::vector<Server>& servers,
                                     const Expectation& expected, const Patience& patience);

// Waits for what stands there already.
Outcome<void> wait_for_it(kube::Client& client, const kube::Stop& stop, const Running& running,
                          const Plan& plan, Expectation expected, const Patience& patience);

// Makes a plan real and waits until all servers live by it. What does not go live is taken back.
// What is outdated or stopped meanwhile stays as it is: whoever comes next proves it or takes it
// back.
Outcome<void> bring_live(kube::Client& client, const kube::Stop& stop, const Running& running,
                         const Plan& plan, Expectation expected, const Patience& patience);

}  // namespace smic::cluster_dns
