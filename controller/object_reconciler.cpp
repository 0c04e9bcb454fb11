// SPDX-License-Identifier: Apache-2.0
#include "controller/object_reconciler.h"

#include <malloc.h>

#include <algorithm>

#include "controller/service_names.h"

namespace smic::controller {
namespace {

// An outcome has its objects by name.
const resources::Service* object_of(const ir::ServiceRef& ref, const resources::Set& objects) {
  const auto name = [](const resources::Service& object) {
    return std::pair<std::string_view, std::string_view>(object.meta.ns.value,
                                                         object.meta.name.value);
  };
  const std::pair<std::string_view, std::string_view> wanted(ref.ns, ref.name);
  const auto found = std::ranges::lower_bound(objects.services, wanted, {}, name);
  return found == objects.services.end() || name(*found) != wanted ? nullptr : &*found;
}

// The object before, if it says the same.
template <class T>
contract::Shared<T> keep_if_equal(T value, const contract::Shared<T>* before) {
  if (before != nullptr && *before == value) return *before;
  return contract::Shared<T>(std::move(value));
}

// Beyond this many at once it is no change but a start, and native code is what was asked for.
constexpr std::size_t kMostInTwoSteps = 64;
constexpr std::size_t kFinishedAtOnce = 4;  // services; a change does not wait for more

CompileOptions tables_only(CompileOptions options) {
  options.targets.clear();
  options.store = nullptr;
  return options;
}

}  // namespace

MeshedService meshed_service(const resources::Service& object) {
  MeshedService::Kind kind = MeshedService::Kind::cluster_ip;
  if (object.cluster_ip == "None") kind = MeshedService::Kind::headless;
  if (object.type == "ExternalName") kind = MeshedService::Kind::external_name;
  return {{object.meta.ns.value, object.meta.name.value},
          kind,
          !object.selector.empty(),
          object.cluster_ips,
          object.meta.created};
}

MeshedService::Port meshed_port(std::uint16_t number, bool udp) {
  return {number, udp ? contract::Transport::udp : contract::Transport::tcp};
}

ListenPlace listen_place(const contract::Unit& unit, const std::vector<std::string>& addresses,
                         const AddressPlan::Listening* elsewhere) {
  static const std::vector<std::string> nowhere;
  if (elsewhere == nullptr) return {&addresses, unit.port};
  const bool udp = unit.protocol == contract::Protocol::udp;
  const auto port = elsewhere->ports.find(meshed_port(unit.port, udp));
  if (port == elsewhere->ports.end()) return {&nowhere, unit.port};
  return {&elsewhere->addresses, port->second};
}

ObjectReconciler::ObjectReconciler(const CompileOptions& options, AddressPlan& plan,
                                   std::vector<std::string> mesh_zones, Nodes nodes)
    : front_(options),
      compiler_(options),
      tables_(tables_only(options)),
      two_steps_(!options.targets.empty()),
      plan_(plan),
      nodes_(nodes),
      cluster_domain_(options.model.cluster_domain) {
  now_->manifest.names.mesh_zones = std::move(mesh_zones);
  now_->manifest.names.cluster_domain = cluster_domain_;
}

void ObjectReconciler::use(const model::Options& options, std::vector<std::string> mesh_zones) {
  front_.use(options);
  cluster_domain_ = options.cluster_domain;
  put(now_->manifest.names.mesh_zones, std::move(mesh_zones));
  different_ |= now_->manifest.names.cluster_domain != cluster_domain_;
  now_->manifest.names.cluster_domain = cluster_domain_;
}

Result<Update>& ObjectReconciler::apply(std::span<const incremental::Change> changes) {
  bool whole = false;
  const auto compiled = apply(changes, whole);
  // Everything was decoded at once, and an allocator would keep the room for good.
  if (whole) ::malloc_trim(0);
  return compiled ? numbered(*compiled) : failed_ = std::unexpected(compiled.error());
}

Result<std::size_t> ObjectReconciler::apply(std::span<const incremental::Change> changes,
                                            bool& whole) {
  if (again_) front_.take_whole_next();
  again_ = true;
  const Outcome outcome = front_.apply(changes);
  whole = outcome.whole;
  auto outputs = compile(outcome);
  if (!outputs) return std::unexpected(outputs.error());
  take_namespaces(outcome);
  take_units(outcome, *outputs);
  if (auto assigned = assign_addresses(outcome); !assigned) {
    return std::unexpected(assigned.error());
  }
  take_pods(outcome);
  put_into_manifest();
  tell_touched(changes, outcome);
  again_ = false;
  return outputs->compiled;
}

Result<Update>& ObjectReconciler::numbered(std::size_t compiled) {
  now_->compiled = compiled;
  now_->said_changed = told_version_ != front_.said_version() || now_->manifest.version == 0;
  told_version_ = front_.said_version();
  if (different_ || now_->manifest.version == 0) ++now_->manifest.version;
  different_ = false;
  return now_;
}

void ObjectReconciler::tell_touched(std::span<const incremental::Change> changes,
                                    const Outcome& outcome) {
  now_->all_touched = outcome.whole;
  now_->touched.clear();
  if (outcome.whole) return;
  std::set<incremental::ObjectKey> keys(outcome.said.begin(), outcome.said.end());
  for (const incremental::Change& change : changes) keys.insert(change.key);
  for (const incremental::ObjectKey& key : keys) {
    now_->touched.push_back({key, front_.source_of(key)});
  }
}

const Diagnostics& ObjectReconciler::said() {
  if (!said_ || said_version_ != front_.said_version()) {
    front_.report(said_.emplace(front_.sources()));
    said_version_ = front_.said_version();
  }
  return *said_;
}

// ---- tables first, native code when there is time ----------------------------------------------

Result<UnitCompiler::Outputs> ObjectReconciler::compile(const Outcome& outcome) {
  for (const ir::ServiceRef& ref : outcome.services) unfinished_.erase(ref);
  if (!two_steps_ || outcome.whole || outcome.units.size() > kMostInTwoSteps) {
    return compiler_.compile_some(outcome.units);
  }
  // What needs no native code that is not there already: endpoints, policies, a change taken back.
  UnitCompiler::Outputs outputs;
  std::vector<ir::Unit> fresh;
  std::vector<std::size_t> places;
  for (const ir::Unit& unit : outcome.units) {
    auto known = compiler_.remembered(unit);
    outputs.units.push_back(known ? std::move(*known) : UnitCompiler::Output());
    if (known) continue;
    places.push_back(outputs.units.size() - 1);
    fresh.push_back(unit);
    unfinished_[unit.service].push_back(unit);
  }
  auto tables = tables_.compile_some(fresh);
  if (!tables) return tables;
  for (std::size_t i = 0; i < places.size(); ++i) {
    outputs.units[places[i]] = std::move(tables->units[i]);
  }
  outputs.compiled = tables->compiled;
  return outputs;
}

Result<Update>& ObjectReconciler::finish() {
  std::vector<ir::Unit> units;
  for (std::size_t i = 0; i < kFinishedAtOnce && !unfinished_.empty(); ++i) {
    std::ranges::move(unfinished_.begin()->second, std::back_inserter(units));
    unfinished_.erase(unfinished_.begin());
  }
  auto outputs = compiler_.compile_some(units);
  if (!outputs) return failed_ = std::unexpected(outputs.error());  // their tables go on
  for (std::size_t i = 0; i < units.size(); ++i) {
    take_native(units[i], std::move(outputs->units[i]));
  }
  put_into_manifest();
  now_->all_touched = false;
  now_->touched.clear();
  return numbered(outputs->compiled);
}

void ObjectReconciler::take_native(const ir::Unit& raw, UnitCompiler::Output output) {
  const auto known = services_.find(raw.service);
  if (known == services_.end()) return;
  Service& service = known->second;
  for (std::size_t i = 0; i < service.units.size(); ++i) {
    contract::Shared<contract::Unit>& unit = service.units[i];
    if (unit->port != raw.port || unit->protocol != raw.protocol) continue;
    // The tables are those that are enforced: both compilers start from the same unit.
    if (unit->native != output.names.native) unit.edit().native = std::move(output.names.native);
    output.names = {};
    service.outputs[i] = std::move(output);
    changed_.insert(raw.service);
    return;
  }
}

// ---- names of namespaces -----------------------------------------------------------------------

void ObjectReconciler::take_namespaces(const Outcome& outcome) {
  std::set<std::string> plain = outcome.whole ? std::set<std::string>() : plain_namespaces_;
  for (const std::string& ns : outcome.namespaces) plain.erase(ns);
  for (const resources::Namespace& object : outcome.objects.namespaces) {
    if (has_plain_names(object)) plain.insert(object.meta.name.value);
  }
  if (plain == plain_namespaces_) return;
  plain_namespaces_ = std::move(plain);
  now_->manifest.names.plain_namespaces = {plain_namespaces_.begin(), plain_namespaces_.end()};
  different_ = true;
}

// ---- units -------------------------------------------------------------------------------------

void ObjectReconciler::take_units(const Outcome& outcome, UnitCompiler::Outputs& outputs) {
  auto output = outputs.units.begin();
  auto unit = outcome.units.begin();
  for (const ir::ServiceRef& ref : outcome.services) {
    std::vector<UnitCompiler::Output> of_service;
    for (; unit != outcome.units.end() && unit->service == ref; ++unit, ++output) {
      of_service.push_back(std::move(*output));
    }
    take_service(ref, outcome, std::move(of_service));
  }
}

void ObjectReconciler::take_service(const ir::ServiceRef& ref, const Outcome& outcome,
                                    std::vector<UnitCompiler::Output> outputs) {
  const auto known = services_.find(ref);
  Service next = service_of(ref, outcome, std::move(outputs));
  changed_.insert(ref);
  if (plan_.learn(ref, object_of(ref, outcome.objects))) services_changed_ = true;
  if (known != services_.end()) {
    if (next.units.empty() != known->second.units.empty() || next.meshed != known->second.meshed) {
      services_changed_ = true;
    }
  } else if (!next.units.empty()) {
    services_changed_ = true;
  }
  if (next.units.empty() && !next.names) {
    if (known != services_.end()) services_.erase(known);
  } else {
    services_.insert_or_assign(ref, std::move(next));
  }
}

ObjectReconciler::Service ObjectReconciler::service_of(
    const ir::ServiceRef& ref, const Outcome& outcome,
    std::vector<UnitCompiler::Output> outputs) const {
  const auto known = services_.find(ref);
  const Service* before = known == services_.end() ? nullptr : &known->second;
  Service service;
  const resources::Service* object = object_of(ref, outcome.objects);
  if (object != nullptr) service.meshed = meshed_service(*object);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    contract::Unit unit = with_endpoints(outputs[i].names, outcome.mesh);
    unit.listen_port = unit.port;
    service.meshed.ports.push_back(
        meshed_port(unit.port, unit.protocol == contract::Protocol::udp));
    const contract::Shared<contract::Unit>* old = nullptr;
    if (before != nullptr && i < before->units.size()) old = &before->units[i];
    if (old != nullptr) {
      unit.listen_addresses = (*old)->listen_addresses;
      if ((*old)->port == unit.port) unit.listen_port = (*old)->listen_port;
    }
    service.units.push_back(keep_if_equal(std::move(unit), old));
  }
  service.outputs = std::move(outputs);
  for (UnitCompiler::Output& output : service.outputs) output.names = {};  // the unit has them
  const bool named =
      object != nullptr && (!service.units.empty() || plain_namespaces_.contains(ref.ns));
  if (named) {
    contract::ServiceNames names = names_of(*outcome.mesh.find(ref), *object);
    const contract::Shared<contract::ServiceNames>* old =
        before != nullptr && before->names ? &*before->names : nullptr;
    if (old != nullptr) names.mesh_addresses = (*old)->mesh_addresses;
    service.names = keep_if_equal(std::move(names), old);
  }
  return service;
}

// ---- addresses ---------------------------------------------------------------------------------

Result<void> ObjectReconciler::assign_addresses(const Outcome& outcome) {
  const auto moved_in = [&](const std::string& address) { return assigned_.contains(address); };
  const auto lives_there = [&](const resources::EndpointSlice& slice) {
    return std::ranges::any_of(slice.endpoints, [&](const resources::SliceEndpoint& endpoint) {
      return std::ranges::any_of(endpoint.addresses, moved_in);
    });
  };
  if (services_changed_ || std::ranges::any_of(outcome.addresses, moved_in) ||
      std::ranges::any_of(outcome.objects.endpoint_slices, lives_there)) {
    std::vector<MeshedService> meshed;
    for (const auto& [ref, service] : services_) {
      if (!service.units.empty()) meshed.push_back(service.meshed);
    }
    auto assigned = plan_.assign(
        meshed, [this](const std::string& address) { return front_.is_taken(address); });
    if (!assigned) return std::unexpected(assigned.error());
    now_->unplaced = std::move(assigned->unplaced);
    now_->remarks = std::move(assigned->remarks);
    if (assigned->addresses != addresses_ || assigned->listening != listening_) {
      addresses_ = std::move(assigned->addresses);
      listening_ = std::move(assigned->listening);
      assigned_.clear();
      for (const auto& [ref, list] : addresses_) assigned_.insert(list.begin(), list.end());
      for (auto& [ref, service] : services_) place(ref, service);
    }
    put(now_->manifest.names.reverse_zones, plan_.reverse_zones());
    put(now_->manifest.mesh_ranges, plan_.ranges());
    services_changed_ = false;
  }
  for (const ir::ServiceRef& ref : changed_) {
    if (const auto known = services_.find(ref); known != services_.end()) {
      place(ref, known->second);
    }
  }
  return {};
}

void ObjectReconciler::put(std::vector<std::string>& into, std::vector<std::string> now) {
  if (into == now) return;
  into = std::move(now);
  different_ = true;
}

void ObjectReconciler::place(const ir::ServiceRef& ref, Service& service) {
  static const std::vector<std::string> nowhere;
  const auto found = addresses_.find(ref);
  const std::vector<std::string>& addresses = found == addresses_.end() ? nowhere : found->second;
  const auto listening = listening_.find(ref);
  const auto* elsewhere = listening == listening_.end() ? nullptr : &listening->second;
  for (auto& unit : service.units) {
    const ListenPlace place = listen_place(*unit, addresses, elsewhere);
    if (unit->listen_addresses == *place.addresses && unit->listen_port == place.port) continue;
    contract::Unit& edited = unit.edit();
    edited.listen_addresses = *place.addresses;
    edited.listen_port = place.port;
    changed_.insert(ref);
  }
  if (!service.names || (*service.names)->mesh_addresses == addresses) return;
  service.names->edit().mesh_addresses = addresses;
  changed_.insert(ref);
}

}  // namespace smic::controller
