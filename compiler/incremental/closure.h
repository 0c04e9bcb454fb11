// SPDX-License-Identifier: Apache-2.0
// The part of a mesh that must be known to tell something of it. Every add() brings in whatever can
// influence what is asked for; too much only costs time.
#pragma once

#include <set>

#include "compiler/incremental/affected.h"

namespace smic::incremental {

class Closure {
 public:
  Closure(Objects& objects, const Affected::Behind& behind) : objects_(objects), behind_(behind) {}

  void add_units_of(const ir::ServiceRef& service);
  void add_said_of(ObjectId id);
  void add_pods_at(const std::string& address);
  void add_all();

  // In the order in which analyze() would be given them.
  resources::Set take();

 private:
  void add(ObjectId id) { chosen_.insert(id); }
  void add_all_with(Token token);
  const resources::Set& add_and_decode(ObjectId id);
  void add_service(const ir::ServiceRef& service);
  void add_endpoints_of(const ir::ServiceRef& service);
  void add_pod(ObjectId id);
  void add_selected_pods(std::string_view ns, const resources::Labels& selector);
  void add_access_to(std::string_view ns, std::string_view account);
  void add_target(ObjectId id);
  void add_target_with_ports(ObjectId id);
  void add_users_of(std::string_view kind, const resources::Metadata& route);
  void add_subject(const resources::Subject& subject, const resources::TrafficTarget& target);
  void add_split(ObjectId id);
  void add_what_is_said_of_split(ObjectId id);
  void add_behind(Token identity);

  Objects& objects_;
  const Affected::Behind& behind_;
  bool everything_ = false;
  std::set<ObjectId> chosen_;
  std::set<ir::ServiceRef> services_;
  std::set<Token> identities_;
  std::set<ObjectId> pods_, targets_, splits_;
};

}  // namespace smic::incremental
