// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compiler/model/stages.h"

namespace smic::model {
namespace {

// "port 80", "ports 80 and 9090", "ports 80, 90 and 100"
std::string ports_text(const std::vector<Port>& ports) {
  std::string text = ports.size() == 1 ? "port " : "ports ";
  for (std::size_t i = 0; i < ports.size(); ++i) {
    if (i > 0) text += i + 1 == ports.size() ? " and " : ", ";
    text += std::to_string(ports[i]);
  }
  return text;
}

}  // namespace

SplitChecks::SplitChecks(const resources::Set& set, const std::vector<Service>& services,
                         const Options& options, Diagnostics& diagnostics)
    : services_(services),
      diagnostics_(diagnostics),
      // Plain manifests say nothing about what runs; then "no endpoint" is no news about a backend.
      endpoints_are_known_(options.surroundings != nullptr
                               ? options.surroundings->endpoints_are_known()
                               : !set.endpoint_slices.empty() || !set.pods.empty() ||
                                     !set.workloads.empty()) {}

void SplitChecks::check(const Split& split, const resources::TrafficSplit& object,
                        const std::vector<const resources::SplitBackend*>& written) {
  const Service& root = services_[split.root.value];
  const std::string name = "TrafficSplit `" + object.meta.name.value + "`";
  if (std::ranges::none_of(object.backends, [](const auto& b) { return b.weight.value > 0; })) {
    diagnostics_.report("W09", object.service.span,
                        "all weights of " + name + " are zero, so its requests are answered 503",
                        "give a backend a weight, or delete the split to use the root again");
  }
  std::vector<Port> not_http;
  for (const ServicePort& port : root.ports) {
    if (port.protocol != ir::Protocol::http) not_http.push_back(port.port);
  }
  if (split.conditional && !not_http.empty()) {
    diagnostics_.report("W12", object.matches.front().name.span,
                        name + " has conditions on HTTP requests, so it does not apply to " +
                            ports_text(not_http) + " of `" + root.ref.name + "`",
                        "name the port `http-…` or set its appProtocol if it carries HTTP");
  }
  for (std::size_t i = 0; i < written.size(); ++i) {
    check_backend(split, object, split.backends[i], *written[i]);
  }
}

void SplitChecks::check_backend(const Split& split, const resources::TrafficSplit& object,
                                const Backend& backend, const resources::SplitBackend& written) {
  const Service& service = services_[backend.service.value];
  const Span span = written.service.span;
  check_ports(services_[split.root.value], object, service, span);
  if (backend.service != split.root && roots_.contains(backend.service)) {
    diagnostics_.report("W11", span,
                        "backend `" + service.ref.name +
                            "` is the root of another TrafficSplit, which is not applied here",
                        "splits do not nest: list the backends that shall take the traffic");
  }
  if (backend.weight > 0 && endpoints_are_known_ &&
      std::ranges::none_of(service.endpoints, &Endpoint::ready)) {
    const bool strict = services_[split.root.value].policy.strict_shares();
    diagnostics_.report("W08", span,
                        "backend `" + service.ref.name + "` has no ready endpoint, so " +
                            (strict ? "its share is answered 503" : "the others take its share"));
  }
}

void SplitChecks::check_ports(const Service& root, const resources::TrafficSplit& object,
                              const Service& service, Span span) {
  std::vector<Port> missing;
  for (const ServicePort& port : root.ports) {
    if (!service.find_port(port.port, port.protocol)) missing.push_back(port.port);
  }
  if (missing.empty()) return;
  diagnostics_.report("W07", span,
                      "backend `" + service.ref.name + "` has no " + ports_text(missing) +
                          ", so TrafficSplit `" + object.meta.name.value +
                          "` gives it no traffic there",
                      "a backend takes part by the root's port number; its targetPort is its own");
}

}  // namespace smic::model
