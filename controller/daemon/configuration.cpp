// SPDX-License-Identifier: Apache-2.0
// Tested by tests/integration/controller_test.py.
#include "controller/daemon/configuration.h"

#include <algorithm>

#include "compiler/meaning_options.h"
#include "compiler/settings/settings.h"
#include "compiler/target_options.h"
#include "controller/dns/dns_stub.h"

namespace smic::controller {
namespace {

constexpr unsigned kShortestLease = 3;  // seconds: a renewal takes a round trip or two
constexpr unsigned kLongestLease = 300;

}  // namespace

CompileOptions with_system_services_left_out() {
  CompileOptions options{.targets = all_targets()};
  options.model.exclude = system_services();
  return options;
}

Syntax syntax_of(Configuration& given) {
  Syntax syntax;
  syntax.command = "smic-controller";
  syntax.most = 0;
  syntax.about =
      "Compiles the resources of a cluster, or the manifests of a directory, on every change, and\n"
      "hands out what proxies enforce: by HTTPS (--listen), or as files (--out): "
      "OUT/manifest.json,\n"
      "replaced in one step, and OUT/images/, a file per image, which a proxy follows with\n"
      "`smic-proxy --manifest OUT/manifest.json`. Without --resources and --kubeconfig it expects "
      "to\n"
      "run in a pod of the cluster. docs/controller.md has more.";
  syntax.options = {
      settings::config_option(given.config),
      text("--resources", "DIR", given.resources,
           "manifests, watched; an edit with a new error is reported\n"
           "and the last good version stays"),
      text("--kubeconfig", "FILE", given.kubeconfig,
           "where the Kubernetes API is and who we are; deploy/rbac has the\n"
           "rights it needs"),
      text("--context", "NAME", given.context, "of the kubeconfig (default: its current one)"),
      text("--namespace", "NAME", given.ns,
           "where smic's own objects live (default: the pod's, else\n"
           "smic-system)"),
      flag("--read-only", given.read_only,
           "write nothing to the API: no status, no events, and never\n"
           "lead"),
      number("--lease-seconds", "N", given.lease_seconds, kLongestLease,
             "how long a leader that is not heard of stays the one\n"
             "(default: 15)"),
      text("--out", "OUT", given.out, "made if it does not exist"),
      text("--listen", "ADDRESS:PORT", given.listen,
           "HTTPS, for proxies and for the Kubernetes API"),
      text("--health", "ADDRESS:PORT", given.health, "plain HTTP: health, metrics"),
      text("--tokens", "FILE", given.tokens,
           "who may follow: lines `TOKEN NODE`, and `TOKEN *` for the\n"
           "status of all (default in a cluster: tokens of the proxies'\n"
           "ServiceAccount; docs/distribution.md)"),
      text("--keys", "DIR", given.keys,
           "where the keys of --listen are kept (default in a cluster: a\n"
           "Secret that its controllers share)"),
      words("--proxies", "ADDRESS:PORT,...", given.proxies,
            "admin addresses of proxies that are no pods of the cluster,\n"
            "whose figures are part of metrics.smi-spec.io too"),
      choice<traffic::LatencyUnit>(
          "--metrics-unit",
          {{"seconds", traffic::LatencyUnit::seconds}, {"ms", traffic::LatencyUnit::milliseconds}},
          given.metrics_unit,
          "of latencies in metrics.smi-spec.io: seconds, as SMI says\n"
          "(default), or ms, as smi-metrics has it"),
      text("--cache", "DIR", given.cache,
           "keeps compiled units from one run to the next, at most a\n"
           "gigabyte; nobody else may write there"),
      targets_option(given.compile.targets, "all"),
      choice<bool>("--manage-dns", {{"auto", true}, {"off", false}}, given.manage_dns,
                   "lead the mesh's names to the mesh in the cluster's own DNS, while\n"
                   "we lead; docs/dns.md (default: auto)"),
      number("--dns-seconds", "N", given.dns_seconds, 3600,
             "until what is written there must be live, or is taken back\n"
             "(default: 120)"),
      words("--mesh-zones", "ZONE,...", given.mesh_zones,
            "where meshed Services have names, SERVICE.NAMESPACE.ZONE\n"
            "(default: mesh)"),
      choice<AddressPlanName>("--address-plan",
                              {{"auto", AddressPlanName::by_source},
                               {"loopback", AddressPlanName::loopback},
                               {"node", AddressPlanName::node},
                               {"shadow", AddressPlanName::shadow}},
                              given.address_plan,
                              "where mesh addresses come from; docs/addresses.md (default: auto,\n"
                              "node in a cluster and loopback with --resources)"),
      text("--mesh-ranges", "CIDR,...", given.mesh_ranges,
           "of the node plan, at most one of each IP family\n"
           "(default: 240.0.0.0/7,fd73:6d69:6300::/48)"),
      text("--shadow-ports", "FIRST-LAST", given.shadow_ports,
           "of the shadow plan: ports of every node, one for each port\n"
           "of a meshed Service (default: 16000-29999)")};
  settings::add_log_options(given.log_format, given.log_level, syntax.options);
  add_scope_options(given.compile.model,
                    "kube-system,\nkube-public,kube-node-lease,default/kubernetes); smic's own\n"
                    "namespace never is",
                    syntax.options);
  add_meaning_options(given.compile.model, syntax.options);
  syntax.ending =
      std::string("SIGHUP reads the file of settings again. SIGTERM and SIGINT end it.\n") +
      settings::kDaemonExits;
  return syntax;
}

std::optional<std::string> contradiction(const Configuration& given) {
  if (given.out.empty() && given.listen.empty()) return "it needs --out=OUT or --listen=ADDRESS";
  if (!given.listen.empty() && given.keys.empty() && (!given.has_cluster() || given.read_only)) {
    return "--listen needs --keys=DIR where no Secret can be written";
  }
  if (!given.resources.empty() && !given.kubeconfig.empty()) {
    return "--resources and --kubeconfig exclude each other";
  }
  if (!given.context.empty() && given.kubeconfig.empty()) return "--context is of a --kubeconfig";
  if (given.lease_seconds < kShortestLease) {
    return "--lease-seconds is at least " + std::to_string(kShortestLease);
  }
  if (const auto ranges = MeshRanges::parse(given.mesh_ranges); !ranges) {
    return "--mesh-ranges: " + ranges.error().message;
  }
  if (const auto ports = shadow::PortRange::parse(given.shadow_ports); !ports) {
    return "--shadow-ports: " + ports.error().message;
  }
  if (given.address_plan == AddressPlanName::shadow && !given.has_cluster()) {
    return "--address-plan=shadow needs a cluster";
  }
  if (given.mesh_zones.empty()) return "--mesh-zones needs a zone";
  if (auto wrong = dns_stub::check({.zones = given.mesh_zones, .responders = {"127.0.0.1"}})) {
    return "--mesh-zones: " + *wrong;
  }
  return std::nullopt;
}

shadow::Options shadow_options(const Configuration& given, const std::string& ns) {
  return {ns, *shadow::PortRange::parse(given.shadow_ports)};
}

std::unique_ptr<AddressPlan> address_plan(const Configuration& given, const std::string& ns,
                                          std::shared_ptr<shadow::Wishes> wishes) {
  switch (given.address_plan) {
    case AddressPlanName::by_source:
      if (!given.has_cluster()) break;
      [[fallthrough]];
    case AddressPlanName::node:
      return node_plan(*MeshRanges::parse(given.mesh_ranges));
    case AddressPlanName::shadow:
      return shadow::address_plan(shadow_options(given, ns), std::move(wishes));
    case AddressPlanName::loopback:
      break;
  }
  return loopback_plan();
}

Configuration taken_up(const Configuration& before, const Configuration& fresh) {
  Configuration now = before;
  now.compile.model = fresh.compile.model;
  now.mesh_zones = fresh.mesh_zones;
  now.proxies = fresh.proxies;
  now.metrics_unit = fresh.metrics_unit;
  now.log_format = fresh.log_format;
  now.log_level = fresh.log_level;
  return now;
}

std::vector<std::string> differences(Configuration one, Configuration other) {
  const auto values = in_force(syntax_of(one));
  const auto other_values = in_force(syntax_of(other));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != other_values[i]) names.push_back(values[i].first);
  }
  return names;
}

}  // namespace smic::controller
