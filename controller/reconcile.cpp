// SPDX-License-Identifier: Apache-2.0
// Sources in, manifest and images out. Units that were compiled before are not compiled again
// (compiler/unit_compiler.h).
// Tested by reconcile_test.cpp.
#include <algorithm>
#include <chrono>

#include "compiler/unit_compiler.h"
#include "controller/controller.h"
#include "controller/service_names.h"

namespace smic::controller {
namespace {

// What makes two errors the same while lines move: everything but the line.
using ErrorKeys = std::multiset<std::string>;

ErrorKeys error_keys(const Diagnostics& diagnostics) {
  ErrorKeys keys;
  for (const Diagnostic& each : diagnostics.sorted()) {
    if (each.severity != Severity::error) continue;
    keys.insert(each.code + '\n' + diagnostics.sources().name(each.span.source) + '\n' +
                each.message);
  }
  return keys;
}

// Addresses on which something else lives, so that no service may be put there.
std::set<std::string> taken_addresses(const model::Mesh& mesh) {
  std::set<std::string> taken;
  for (const model::PodAddress& pod : mesh.pods) taken.insert(pod.address);
  for (const model::Service& service : mesh.services) {
    for (const model::Endpoint& endpoint : service.endpoints) taken.insert(endpoint.address);
  }
  return taken;
}

std::set<ir::ServiceRef> services_of(const std::vector<ir::Unit>& units) {
  std::set<ir::ServiceRef> services;
  for (const ir::Unit& unit : units) services.insert(unit.service);
  return services;
}

}  // namespace

struct Reconciler::Impl {
  CompileOptions options;
  OnMistake on_mistake;
  std::unique_ptr<AddressPlan> plan;
  UnitCompiler compiler;
  std::vector<std::string> mesh_zones;
  contract::Manifest in_force;
  ErrorKeys errors_in_force;

  // An error while nothing is in force is no reason to serve nothing.
  bool is_broken_edit(const ErrorKeys& errors) const {
    return on_mistake == OnMistake::keep_version && in_force.version > 0 &&
           !std::ranges::includes(errors_in_force, errors);
  }

  Result<Update> assemble(const Frontend& front) {
    auto addresses = plan->assign(services_of(front.units), taken_addresses(front.mesh));
    if (!addresses) return std::unexpected(addresses.error());
    auto outputs = compiler.compile(front.units);
    if (!outputs) return std::unexpected(outputs.error());
    Update update;
    update.compiled = outputs->compiled;
    for (std::size_t i = 0; i < front.units.size(); ++i) {
      const ir::Unit& raw = front.units[i];
      UnitCompiler::Output& output = outputs->units[i];
      contract::Unit unit = with_endpoints(std::move(output.names), front.mesh);
      unit.listen_address = addresses->at(raw.service);
      unit.listen_port = raw.port;
      update.images[unit.image] = std::move(output.image);
      update.manifest.units.push_back(std::move(unit));
    }
    update.manifest.node = "local";
    update.manifest.identities = pod_identities(front.mesh);
    update.manifest.names =
        service_names(front, *addresses, mesh_zones, options.model.cluster_domain);
    update.manifest.names.reverse_zones = plan->reverse_zones();
    return update;
  }

  // The same content is the same version.
  void number(contract::Manifest& manifest) {
    manifest.version = in_force.version;
    if (manifest.version > 0 && manifest == in_force) return;
    ++manifest.version;
    in_force = manifest;
  }
};

Reconciler::Reconciler(CompileOptions options, std::unique_ptr<AddressPlan> plan,
                       OnMistake on_mistake, std::vector<std::string> mesh_zones)
    : impl_(std::make_unique<Impl>(options, on_mistake, std::move(plan), UnitCompiler(options),
                                   std::move(mesh_zones))) {}

Reconciler::~Reconciler() = default;

Result<Update> Reconciler::reconcile(const Sources& sources, Diagnostics& diagnostics) {
  const auto start = std::chrono::steady_clock::now();
  const Frontend front = analyze(sources, impl_->options, diagnostics);
  ErrorKeys errors = error_keys(diagnostics);
  if (impl_->is_broken_edit(errors)) {
    return fail("the edit has errors, so version " + std::to_string(impl_->in_force.version) +
                " stays in force");
  }
  // From here on nothing can be the user's fault.
  auto update = impl_->assemble(front);
  if (!update) return update;
  impl_->number(update->manifest);
  impl_->errors_in_force = std::move(errors);
  update->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return update;
}

void follow(source::Source& source, Reconciler& reconciler, const OnUpdate& on_update) {
  do {
    auto sources = source.read();
    if (!sources) {
      const Sources none;
      on_update(fail(sources, "read resources"), Diagnostics(none));
      continue;
    }
    Diagnostics diagnostics(*sources);
    const auto update = reconciler.reconcile(*sources, diagnostics);
    on_update(update, diagnostics);
  } while (source.wait());
}

}  // namespace smic::controller
