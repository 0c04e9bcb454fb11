// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/overload.h"
#include "compiler/check_limits.h"
#include "compiler/codegen/codegen.h"
#include "compiler/decision/decision.h"
#include "compiler/lowering/lowering.h"
#include "compiler/read_units.h"

namespace smic {
namespace {

auto place_of(const ir::Unit& unit) { return std::tie(unit.service, unit.port, unit.protocol); }

// Sorted; of a unit that is in YAML and in a .smir source, or in two of these, the first.
void sort_and_take_once(std::vector<ir::Unit>& units, const Sources& sources,
                        Diagnostics& diagnostics) {
  std::set<std::tuple<ir::ServiceRef, ir::Port, ir::Protocol>> seen;
  std::erase_if(units, [&](const ir::Unit& unit) {
    if (seen.insert(place_of(unit)).second) return false;
    diagnostics.report("E58", {SourceId(sources.size() - 1), 0, 0, 0},
                       "unit " + ir::to_string(unit.service) + ":" + std::to_string(unit.port) +
                           " is defined twice",
                       "compile manifests and .smir files of the same services apart");
    return true;
  });
  std::ranges::sort(units, {}, place_of);
}

// ---- the manifest half of a compiled unit -------------------------------------------------------

class BackendTable {
 public:
  explicit BackendTable(std::vector<contract::Backend>& backends) : backends_(backends) {}

  contract::WeightedBackend intern(const ir::BackendRef& ref) {
    contract::Backend backend{ir::to_string(ref.service), ref.port, {}};
    const auto [known, is_new] =
        index_.try_emplace({backend.service, backend.port}, backends_.size());
    if (is_new) backends_.push_back(std::move(backend));
    return {static_cast<std::uint32_t>(known->second), ref.weight};
  }

 private:
  std::vector<contract::Backend>& backends_;
  std::map<std::pair<std::string, ir::Port>, std::size_t> index_;
};

contract::Unit names_of(const ir::Unit& unit, decision::Names names) {
  contract::Unit out;
  out.service = ir::to_string(unit.service);
  out.port = unit.port;
  out.protocol = unit.protocol;
  out.access = unit.access;
  out.policy = unit.policy;
  out.sources = std::move(names.sources);
  out.destinations = std::move(names.destinations);
  BackendTable backends(out.backends);
  for (const ir::Route& route : unit.routes) {
    contract::Route& written =
        out.routes.emplace_back(route.origin, std::vector<contract::WeightedBackend>{});
    // Also of a route that is unavailable: the image counts its backends too, and a weight that
    // comes back is then data alone.
    const auto& refs = std::visit([](const auto& action) { return action.backends; }, route.action);
    for (const ir::BackendRef& ref : refs) written.split.push_back(backends.intern(ref));
  }
  return out;
}

ir::ServiceRef service_ref(const std::string& name) {  // of "namespace/name"
  const std::size_t slash = name.find('/');
  SMIC_CHECK(slash != std::string::npos, "a unit names a service without a namespace");
  return {name.substr(0, slash), name.substr(slash + 1)};
}

std::vector<contract::Endpoint> endpoints_of(const model::Service& service, ir::Port port,
                                             ir::Protocol protocol) {
  std::vector<contract::Endpoint> endpoints;
  for (const model::Endpoint& endpoint : service.endpoints) {
    const auto target = service.target_port(endpoint, port, protocol);
    if (!target || !endpoint.ready || endpoint.address.empty()) continue;
    endpoints.push_back({endpoint.address, *target,
                         endpoint.identity ? ir::to_string(*endpoint.identity) : std::string(),
                         endpoint.workload});
  }
  return endpoints;
}

}  // namespace

Frontend analyze(const Sources& sources, const CompileOptions& options, Diagnostics& diagnostics) {
  Frontend front;
  front.resources = resources::decode(sources, diagnostics, options.model.extension_methods);
  front.mesh = model::resolve(front.resources, options.model, diagnostics);
  front.units = lowering::lower(front.mesh, diagnostics);
  std::ranges::move(read_units(sources, diagnostics), std::back_inserter(front.units));
  sort_and_take_once(front.units, sources, diagnostics);
  leave_out_what_no_image_holds(front.units, sources, diagnostics);
  return front;
}

Result<CompiledUnit> compile_unit(const ir::Unit& raw, const CompileOptions& options) {
  const ir::Unit unit = passes::run(raw, options.passes);
  decision::Decision decision = decision::decide(unit);
  SMIC_CHECK(std::ranges::is_sorted(options.targets), "targets are sorted");
  auto images = codegen::emit_images(decision, options.targets);
  if (!images) return fail(images, "generate code");
  CompiledUnit compiled;
  compiled.image = std::move(images->tables);
  compiled.native = std::move(images->native);
  compiled.names = names_of(unit, std::move(decision.names));
  compiled.names.image = contract::digest_of(compiled.image);
  for (std::size_t i = 0; i < compiled.native.size(); ++i) {
    compiled.names.native.push_back({options.targets[i], contract::digest_of(compiled.native[i])});
  }
  return compiled;
}

contract::Unit with_endpoints(contract::Unit names, const model::Mesh& mesh) {
  for (contract::Backend& backend : names.backends) {
    const model::Service* service = mesh.find(service_ref(backend.service));
    backend.endpoints.clear();
    if (service) backend.endpoints = endpoints_of(*service, backend.port, names.protocol);
  }
  return names;
}

std::vector<contract::PodIdentity> pod_identities(const model::Mesh& mesh) {
  std::vector<contract::PodIdentity> identities;
  for (const model::PodAddress& pod : mesh.pods) {
    identities.push_back({pod.address, ir::to_string(pod.identity), pod.pod});
  }
  return identities;
}

}  // namespace smic
