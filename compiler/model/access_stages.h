// SPDX-License-Identifier: Apache-2.0
// The questions a TrafficTarget asks, each answered in a file of its own: who (subjects.cpp, and
// bindings.cpp for names of identities), what (combine_rules.cpp), and is the port that is meant
// the port that is written (pod_ports.cpp).
#pragma once

#include <array>
#include <map>
#include <set>

#include "compiler/model/label_index.h"
#include "compiler/model/stages.h"

namespace smic::model {

class Bindings {
 public:
  Bindings(const resources::Set& set, const PodIdentities& pods, const Options& options,
           Diagnostics& diagnostics);

  // The identities that a binding stands for, sorted; null if there is no such binding.
  const std::vector<Identity>* find(const Name& name);
  std::string suggest(const Name& name) { return names_.suggest(name); }

 private:
  struct Binding {
    const resources::IdentityBinding* object = nullptr;
    std::optional<std::vector<Identity>> identities;  // once asked for
  };
  std::vector<Identity> resolve(const resources::IdentityBinding& binding);
  std::optional<Identity> verified(const resources::IdentityBinding& binding,
                                   const resources::Text& spiffe_id);

  const PodIdentities& pods_;
  const Options& options_;
  Diagnostics& diagnostics_;
  ByName<Binding> bindings_;
  Candidates names_;
};

class Subjects {
 public:
  Subjects(const resources::Set& set, const PodIdentities& pods, const Options& options,
           Diagnostics& diagnostics);

  // None if the target may not speak for that namespace (E10) or the subject is nobody.
  std::vector<Identity> destinations(const resources::TrafficTarget& target);
  std::vector<Identity> sources(const resources::TrafficTarget& target);

 private:
  std::vector<Identity> identities(const resources::Subject& subject, const std::string& own_ns);
  std::vector<Identity> account(const resources::Subject& subject, const Name& name);
  std::vector<Identity> binding(const resources::Subject& subject, const Name& name);
  void tell_nobody(const resources::Subject& subject, const Name& name, std::string_view why,
                   std::string help = {});
  void add_user(const Name& account);
  bool accounts_have_users() const;

  const PodIdentities& pods_;
  const Options& options_;
  Diagnostics& diagnostics_;
  Bindings bindings_;
  LeftOut left_out_;
  std::unordered_set<Name, NameHash> accounts_;
  std::unordered_set<Name, NameHash> used_;  // by a pod or a template
  Candidates account_names_;
};

class PodPorts {
 public:
  PodPorts(const std::vector<Service>& services, Diagnostics& diagnostics);

  // W14: rules speak of pod ports (D-12); a Service's port is an easy mistake.
  void check(const Identity& destination, const Located<std::uint16_t>& port,
             ir::Protocol protocol);

 private:
  struct Use {
    std::set<Port> of_pods;
    std::map<Port, std::pair<const Service*, Port>> of_services;  // service port → who, pod port
  };
  void add(const Service& service, const Endpoint& endpoint);

  Diagnostics& diagnostics_;
  ByName<std::array<Use, 2>> uses_;  // TCP and HTTP, UDP
};

class Rules {
 public:
  Rules(const resources::Set& set, RouteGroups& groups, PodPorts& pod_ports, const Options& options,
        Diagnostics& diagnostics);

  // Fills `access.tcp` and `access.udp`.
  void combine(const resources::TrafficTarget& target, Access& access);

  // Said at the end and once for each pattern, not once for each rule that selects it (W17).
  void warn_of_prefix_surprises() const;

 private:
  struct L4Routes {
    L4Routes(std::string_view of_kind, ir::Protocol carried, const Options& options)
        : kind(of_kind), protocol(carried), names(of_kind, options) {}
    std::string_view kind;
    ir::Protocol protocol;
    ByName<const resources::L4Route*> by_name;
    Candidates names;
  };
  struct Combined;

  static void index(const std::vector<resources::L4Route>& routes, L4Routes& into);
  void add(const resources::TrafficTarget& target, const resources::Rule& rule, Combined& combined);
  const resources::L4Route* find_l4(Name name, const resources::Rule& rule, L4Routes& routes);
  bool selects(const resources::Rule& rule, const resources::L4Route& route, std::string_view kind);
  std::vector<MatchId> find_http(Name name, const resources::Rule& rule);
  void tell_missing(Name name, const resources::Rule& rule, Candidates& candidates);

  RouteGroups& groups_;
  PodPorts& pod_ports_;
  Diagnostics& diagnostics_;
  LeftOut left_out_;
  L4Routes tcp_;
  L4Routes udp_;
  std::vector<bool> used_;  // by MatchId
};

}  // namespace smic::model
