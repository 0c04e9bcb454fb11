// SPDX-License-Identifier: Apache-2.0
// Sources in, manifest and images out. Units that were compiled before are not compiled again
// (compiler/unit_compiler.h).
// Tested by reconcile_test.cpp.
#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>

#include "compiler/unit_compiler.h"
#include "contract/unit_place.h"
#include "controller/controller.h"
#include "controller/object_reconciler.h"
#include "controller/pace.h"
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

std::vector<MeshedService> meshed_services(const Frontend& front) {
  std::map<ir::ServiceRef, MeshedService> meshed;
  for (const ir::Unit& unit : front.units) {
    meshed.try_emplace(unit.service, unit.service, MeshedService::Kind::rules_only, false,
                       std::vector<std::string>(), std::string());
  }
  for (const resources::Service& object : front.resources.services) {
    const auto found = meshed.find({object.meta.ns.value, object.meta.name.value});
    if (found == meshed.end()) continue;
    found->second = meshed_service(object);
  }
  for (const ir::Unit& unit : front.units) {
    meshed.at(unit.service)
        .ports.push_back(meshed_port(unit.port, unit.protocol == ir::Protocol::udp));
  }
  std::vector<MeshedService> services;
  for (auto& [ref, service] : meshed) services.push_back(std::move(service));
  return services;
}

// The pods of each node, sorted by address.
std::map<std::string, std::vector<contract::PodIdentity>> pods_by_node(const model::Mesh& mesh,
                                                                       Nodes nodes) {
  std::map<std::string, std::vector<contract::PodIdentity>> by_node;
  if (nodes == Nodes::one) by_node[kOnlyNode];
  for (const model::PodAddress& pod : mesh.pods) {
    const std::string& node = nodes == Nodes::one ? kOnlyNode : pod.node;
    if (node.empty()) continue;  // no proxy stands for it
    by_node[node].push_back({pod.address, ir::to_string(pod.identity), pod.pod});
  }
  return by_node;
}

std::pair<std::string_view, std::string_view> place_of_names(const contract::ServiceNames& names) {
  const std::string_view service = names.service;
  const std::size_t slash = service.find('/');
  return {service.substr(0, slash), service.substr(slash + 1)};
}

// Puts the objects of `before` in the place of their equals. Both are sorted by place.
template <class T, class Place>
void share(std::vector<contract::Shared<T>>& list, const std::vector<contract::Shared<T>>& before,
           Place place) {
  auto old = before.begin();
  for (contract::Shared<T>& part : list) {
    while (old != before.end() && place(*old) < place(part)) ++old;
    if (old != before.end() && *old == part) part = *old;
  }
}

}  // namespace

Result<AddressPlan::Assignment> assign_addresses(const Frontend& front, AddressPlan& plan) {
  const std::set<std::string> taken = taken_addresses(front.mesh);
  return plan.assign(meshed_services(front),
                     [&taken](const std::string& address) { return taken.contains(address); });
}

contract::Manifest Update::manifest_of(const std::string& node) const {
  contract::Manifest own = manifest;
  own.node = node;
  if (const auto pods = nodes.find(node); pods != nodes.end()) own.identities = *pods->second;
  return own;
}

struct Reconciler::Impl {
  CompileOptions options;
  OnMistake on_mistake;
  std::unique_ptr<AddressPlan> plan;
  UnitCompiler compiler;
  std::vector<std::string> mesh_zones;
  Nodes nodes;
  ObjectReconciler objects{options, *plan, mesh_zones, nodes};
  Update in_force;  // without images
  ErrorKeys errors_in_force;
  std::timed_mutex turn;

  std::set<ir::ServiceRef> learned;  // of which the plan has heard

  void learn_services(const resources::Set& objects) {
    std::set<ir::ServiceRef> now;
    for (const resources::Service& object : objects.services) {
      const ir::ServiceRef ref{object.meta.ns.value, object.meta.name.value};
      if (now.insert(ref).second) plan->learn(ref, &object);
    }
    for (const ir::ServiceRef& ref : learned) {
      if (!now.contains(ref)) plan->learn(ref, nullptr);
    }
    learned = std::move(now);
  }

  // An error while nothing is in force is no reason to serve nothing.
  bool is_broken_edit(const ErrorKeys& errors) const {
    return on_mistake == OnMistake::keep_version && in_force.manifest.version > 0 &&
           !std::ranges::includes(errors_in_force, errors);
  }

  Result<Update> assemble(const Frontend& front) {
    learn_services(front.resources);
    auto assigned = assign_addresses(front, *plan);
    if (!assigned) return std::unexpected(assigned.error());
    const AddressPlan::Addresses& addresses = assigned->addresses;
    auto outputs = compiler.compile(front.units);
    if (!outputs) return std::unexpected(outputs.error());
    Update update;
    update.compiled = outputs->compiled;
    for (std::size_t i = 0; i < front.units.size(); ++i) {
      const ir::Unit& raw = front.units[i];
      const auto address = addresses.find(raw.service);
      if (address == addresses.end()) continue;
      UnitCompiler::Output& output = outputs->units[i];
      contract::Unit unit = with_endpoints(std::move(output.names), front.mesh);
      const auto listening = assigned->listening.find(raw.service);
      const ListenPlace place =
          listen_place(unit, address->second,
                       listening == assigned->listening.end() ? nullptr : &listening->second);
      if (place.addresses->empty()) continue;
      unit.listen_addresses = *place.addresses;
      unit.listen_port = place.port;
      update.images.put(unit.image, std::move(output.image));
      for (std::size_t n = 0; n < unit.native.size(); ++n) {
        update.images.put(unit.native[n].digest, std::move(output.native[n]));
      }
      update.manifest.units.push_back(std::move(unit));
    }
    for (auto& [node, pods] : pods_by_node(front.mesh, nodes)) {
      update.nodes[node] =
          std::make_shared<const std::vector<contract::PodIdentity>>(std::move(pods));
    }
    update.manifest.names =
        service_names(front, addresses, mesh_zones, options.model.cluster_domain);
    update.unplaced = std::move(assigned->unplaced);
    update.remarks = std::move(assigned->remarks);
    update.manifest.mesh_ranges = plan->ranges();
    update.manifest.names.reverse_zones = plan->reverse_zones();
    return update;
  }

  // The same content is the same version, and a part that is the same is the same object.
  void number(Update& update) {
    share(update.manifest.units, in_force.manifest.units, contract::place_of);
    share(update.manifest.names.services, in_force.manifest.names.services, place_of_names);
    bool changed = update.nodes.size() != in_force.nodes.size();
    for (auto& [node, pods] : update.nodes) {
      const auto before = in_force.nodes.find(node);
      if (before != in_force.nodes.end() && *before->second == *pods) {
        pods = before->second;
      } else {
        changed = true;
      }
    }
    update.manifest.version = in_force.manifest.version;
    if (update.manifest.version > 0 && !changed && update.manifest == in_force.manifest) return;
    ++update.manifest.version;
    in_force.manifest = update.manifest;
    in_force.nodes = update.nodes;
  }
};

Reconciler::Reconciler(CompileOptions options, std::unique_ptr<AddressPlan> plan,
                       OnMistake on_mistake, std::vector<std::string> mesh_zones, Nodes nodes)
    : impl_(std::make_unique<Impl>(options, on_mistake, std::move(plan), UnitCompiler(options),
                                   std::move(mesh_zones), nodes)) {}

Reconciler::~Reconciler() = default;

const Result<Update>& Reconciler::apply(std::span<const incremental::Change> changes) {
  const auto start = std::chrono::steady_clock::now();
  Result<Update>& update = impl_->objects.apply(changes);
  if (!update) return update;
  update->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return update;
}

void Reconciler::use(const model::Options& options, std::vector<std::string> mesh_zones) {
  const auto turn = take_turn();
  impl_->options.model = options;
  impl_->mesh_zones = mesh_zones;
  impl_->objects.use(options, std::move(mesh_zones));
}

std::unique_lock<std::timed_mutex> Reconciler::take_turn() { return std::unique_lock(impl_->turn); }

std::optional<std::vector<Diagnostic>> Reconciler::would_say(const incremental::Change& change,
                                                             std::chrono::milliseconds patience) {
  const std::unique_lock turn(impl_->turn, patience);
  if (!turn) return std::nullopt;
  return impl_->objects.would_say(change);
}

bool Reconciler::unfinished() const { return impl_->objects.unfinished(); }

const Diagnostics& Reconciler::said() const { return impl_->objects.said(); }

const Result<Update>& Reconciler::finish() {
  const auto start = std::chrono::steady_clock::now();
  Result<Update>& update = impl_->objects.finish();
  if (!update) return update;
  update->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return update;
}

const Sources& Reconciler::sources() const { return impl_->objects.sources(); }

Result<Update> Reconciler::reconcile(const Sources& sources, Diagnostics& diagnostics) {
  const auto start = std::chrono::steady_clock::now();
  const Frontend front = analyze(sources, impl_->options, diagnostics);
  ErrorKeys errors = error_keys(diagnostics);
  if (impl_->is_broken_edit(errors)) {
    return fail("the edit has errors, so version " +
                std::to_string(impl_->in_force.manifest.version) + " stays in force");
  }
  // From here on nothing can be the user's fault.
  auto update = impl_->assemble(front);
  if (!update) return update;
  impl_->number(*update);
  impl_->errors_in_force = std::move(errors);
  update->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return update;
}

namespace {

constexpr int kMostPassedOver = 16;  // turns in which compiling gave way to changes

// While nothing else is to be done; but under a stream of changes not never.
void finish(source::Source& source, Reconciler& reconciler, const OnUpdate& on_update,
            int& passed_over) {
  while (reconciler.unfinished() && (!source.has_news() || ++passed_over > kMostPassedOver)) {
    passed_over = 0;
    const auto turn = reconciler.take_turn();
    const Result<Update>& update = reconciler.finish();
    on_update(update, reconciler.said());
  }
}

Pace::Duration cpu_of_this_thread() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

void follow_objects(source::Source& source, Reconciler& reconciler, const OnUpdate& on_update) {
  Pace pace;
  int passed_over = 0;
  do {
    std::this_thread::sleep_for(pace.rest(Pace::Clock::now()));
    const auto before = cpu_of_this_thread();
    const auto changes = source.read_changes();
    {
      const auto turn = reconciler.take_turn();
      if (changes) {
        const Result<Update>& update = reconciler.apply(*changes);
        on_update(update, reconciler.said());
      } else {
        on_update(fail(changes, "read resources"), reconciler.said());
      }
    }
    // What follows is done while there is nothing else to do, and so holds up no change.
    pace.worked(cpu_of_this_thread() - before, Pace::Clock::now());
    if (changes) finish(source, reconciler, on_update, passed_over);
  } while (source.wait());
}

}  // namespace

void follow(source::Source& source, Reconciler& reconciler, const OnUpdate& on_update) {
  if (source.has_objects()) return follow_objects(source, reconciler, on_update);
  do {
    auto sources = source.read();
    if (!sources) {
      const Sources none;
      on_update(fail(sources, "read resources"), Diagnostics(none));
      continue;
    }
    const auto turn = reconciler.take_turn();
    Diagnostics diagnostics(*sources);
    const auto update = reconciler.reconcile(*sources, diagnostics);
    on_update(update, diagnostics);
  } while (source.wait());
}

}  // namespace smic::controller
