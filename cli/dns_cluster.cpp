// SPDX-License-Identifier: Apache-2.0
// Tested by tests/system/cluster_dns_test.py.
#include "cli/dns_cluster.h"

#include <algorithm>
#include <cstdlib>
#include <ostream>

#include "cli/input.h"
#include "controller/cluster_dns/access.h"
#include "controller/cluster_dns/cluster_dns.h"

namespace smic::cli {
namespace {

using cluster_dns::Outcome;
using cluster_dns::Plan;
using cluster_dns::Running;
using cluster_dns::Texts;
using cluster_dns::Trouble;

constexpr std::string_view kService = "smic-dns";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<kube::Config> config_of(const DnsCluster& cluster) {
  if (!cluster.kubeconfig.empty()) {
    return kube::read_kubeconfig(cluster.kubeconfig, cluster.context);
  }
  return kube::in_cluster(environment("KUBERNETES_SERVICE_HOST"),
                          environment("KUBERNETES_SERVICE_PORT"));
}

class Change {
 public:
  Change(DnsVerb verb, const DnsCluster& cluster, dns_stub::Stub stub, kube::Config config,
         Console& console)
      : verb_(verb),
        cluster_(cluster),
        stub_(std::move(stub)),
        client_(std::move(config), stop_),
        console_(console) {
    patience_.live = std::chrono::seconds(cluster.seconds);
  }

  Outcome<void> run() {
    const auto running = cluster_dns::find_dns(client_);
    if (!running) return std::unexpected(running.error());
    const auto texts = cluster_dns::read_texts(client_, *running);
    if (!texts) return std::unexpected(texts.error());
    const auto plan = verb_ == DnsVerb::restore ? cluster_dns::plan_to_restore(*running, *texts)
                                                : plan_to_add(*running, *texts);
    if (!plan) return std::unexpected(plan.error());
    console_.out << cluster_dns::difference(*plan) << std::flush;
    if (plan->edits.empty()) console_.err << "smic dns: nothing to change\n";
    if (verb_ == DnsVerb::plan) return {};
    auto done =
        plan->edits.empty() ? prove(*running, *texts, *plan) : carry_out(*running, *texts, *plan);
    if (done && verb_ == DnsVerb::restore) return cluster_dns::remove_backup(client_, *running);
    return done;
  }

 private:
  Outcome<Plan> plan_to_add(const Running& running, const Texts& texts) {
    if (stub_.responders.empty()) {
      const auto found = cluster_dns::find_responders(client_, cluster_.ns, std::string(kService));
      if (!found) return std::unexpected(found.error());
      stub_.responders = found->addresses;
    }
    // The first plan tells the cluster's domain, which the namespaces' zones are made with.
    const auto first = cluster_dns::plan_to_add(running, texts, stub_);
    if (!first) return first;
    const auto namespaces = cluster_dns::read_plain_namespaces(client_);
    if (!namespaces) return std::unexpected(namespaces.error());
    for (const std::string& ns : *namespaces) {
      stub_.zones.push_back(ns + ".svc." + first->cluster_domain);
    }
    std::ranges::sort(stub_.zones);
    return cluster_dns::plan_to_add(running, texts, stub_);
  }

  cluster_dns::Expectation expectation(const Texts& texts) const {
    if (verb_ == DnsVerb::apply) return {.ours = stub_.zones};
    cluster_dns::Expectation expected;
    for (const std::string& zone : stub_.zones) {
      if (texts.mention(zone)) expected.not_ours.push_back(zone);
    }
    return expected;
  }

  Outcome<void> prove(const Running& running, const Texts& texts, const Plan& plan) {
    if (!cluster_.wait) return {};
    return cluster_dns::wait_for_it(client_, stop_, running, plan, expectation(texts), patience_);
  }

  Outcome<void> carry_out(const Running& running, const Texts& texts, const Plan& plan) {
    if (cluster_.wait) {
      return cluster_dns::bring_live(client_, stop_, running, plan, expectation(texts), patience_);
    }
    if (auto kept = cluster_dns::back_up(client_, running, plan); !kept) return kept;
    if (auto written = cluster_dns::write(client_, plan); !written) return written;
    cluster_dns::touch(client_, running);
    console_.err << "smic dns: written; whether the DNS lives by it is seen with --wait\n";
    return {};
  }

  const DnsVerb verb_;
  const DnsCluster& cluster_;
  dns_stub::Stub stub_;
  cluster_dns::Patience patience_;
  kube::Stop stop_;
  kube::Client client_;
  Console& console_;
};

int told(const Trouble& trouble, Console& console) {
  if (trouble.kind == Trouble::Kind::refused) {
    console.err << trouble.message << "\nsmic dns: refused; nothing was changed\n";
    return kInputHasErrors;
  }
  const bool taken_back = trouble.kind == Trouble::Kind::not_live;
  return world_failed("dns", {trouble.message + (taken_back ? "; the change was taken back" : "")},
                      console);
}

}  // namespace

bool in_a_cluster() { return !environment("KUBERNETES_SERVICE_HOST").empty(); }

int change_cluster_dns(DnsVerb verb, const DnsCluster& cluster, dns_stub::Stub stub,
                       Console& console) {
  auto config = config_of(cluster);
  if (!config) return world_failed("dns", config.error(), console);
  const auto done = Change(verb, cluster, std::move(stub), std::move(*config), console).run();
  return done ? kDone : told(done.error(), console);
}

}  // namespace smic::cli
