// SPDX-License-Identifier: Apache-2.0
// What an object, by being as it is, has a say in: units, diagnostics, who an address is. Asked of
// an object before and after it changed. Who refers to it is told by the index; which services are
// behind an identity, by what the last lowering saw.
#pragma once

#include <set>

#include "compiler/incremental/objects.h"

namespace smic::incremental {

class Affected {
 public:
  // Which services have pods of an identity, or of a namespace, behind them.
  using Behind = std::unordered_map<Token, std::vector<ir::ServiceRef>>;

  Affected(Objects& objects, const Behind& behind) : objects_(objects), behind_(behind) {}

  void touch(ObjectId id);  // that is in the index now

  std::set<ir::ServiceRef> endpoints;  // whose endpoints may be others
  std::set<ir::ServiceRef> services;   // whose units may be others; those above among them
  std::set<ObjectId> said;             // of which other things may be said
  std::set<std::string> addresses;     // that may be another pod's
  std::set<std::string> namespaces;

 private:
  void touch(const resources::Namespace& object);
  void touch(const resources::ServiceAccount& object);
  void touch(const resources::Service& object);
  void touch(const resources::EndpointSlice& object);
  void touch(const resources::Pod& object);
  void touch(const resources::HttpRouteGroup& object);
  void touch(const resources::TrafficTarget& object);
  void touch(const resources::TrafficSplit& object);
  void touch(const resources::IdentityBinding& object);
  void touch(const resources::LeftOut& object);

  void touch_account(std::string_view ns, std::string_view name);
  void touch_route(std::string_view kind, std::string_view ns, std::string_view name);
  void touch_binding(std::string_view ns, std::string_view name);
  void touch_target(ObjectId id);
  void touch_split(ObjectId id);
  void touch_services_of(ObjectId slice);
  void reach_endpoints(const ir::ServiceRef& service);
  void reach(const ir::ServiceRef& service);
  void add_units(ir::ServiceRef service);
  void reach_behind(Token identity);
  void reach_all_with(Token token);

  Objects& objects_;
  const Behind& behind_;
  ObjectId self_;
};

}  // namespace smic::incremental
