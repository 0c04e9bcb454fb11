// SPDX-License-Identifier: Apache-2.0
// What Reconciler does object by object: what a change did not concern is in the next manifest as
// the same object. For the .cpp files of this folder only.
//
//   changes → front end (compiler/incremental) → units and names of the services concerned
//           → addresses, where the set of services changed → pods by node (take_pods.cpp)
//           → a version, if anything is different (put_into_manifest.cpp)
//
// Tested by incremental_reconcile_test.cpp: the same as all at once, whatever the edits were.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "compiler/incremental/incremental.h"
#include "compiler/unit_compiler.h"
#include "controller/controller.h"

namespace smic::controller {

// A Service object, as address plans see it, without its ports.
MeshedService meshed_service(const resources::Service& object);
MeshedService::Port meshed_port(std::uint16_t number, bool udp);

// Where a unit listens: at its Service's mesh addresses, or where the plan says.
struct ListenPlace {
  const std::vector<std::string>* addresses;  // of the arguments; not null
  std::uint16_t port;
};
ListenPlace listen_place(const contract::Unit& unit, const std::vector<std::string>& addresses,
                         const AddressPlan::Listening* elsewhere);

class ObjectReconciler {
 public:
  ObjectReconciler(const CompileOptions& options, AddressPlan& plan,
                   std::vector<std::string> mesh_zones, Nodes nodes);

  // What is given is what is kept, so that nothing is copied: good until the next call.
  Result<Update>& apply(std::span<const incremental::Change> changes);

  // A changed unit is enforced from its tables first, which need no compiling. Are there such
  // units whose native code is still to come? finish() compiles a few.
  bool unfinished() const { return !unfinished_.empty(); }
  Result<Update>& finish();

  void use(const model::Options& options, std::vector<std::string> mesh_zones);
  auto would_say(const incremental::Change& change) { return front_.would_say(change); }
  const Sources& sources() const { return front_.sources(); }
  const Diagnostics& said();

 private:
  using Pods = std::vector<contract::PodIdentity>;
  using Outcome = incremental::Outcome;

  // Of one service. Units are as in the manifest, but for those without an address.
  struct Service {
    std::vector<contract::Shared<contract::Unit>> units;
    std::vector<UnitCompiler::Output> outputs;  // of the units: what was compiled, and its memory
    MeshedService meshed;
    std::optional<contract::Shared<contract::ServiceNames>> names;
  };

  Result<std::size_t> apply(std::span<const incremental::Change> changes, bool& whole);
  Result<UnitCompiler::Outputs> compile(const Outcome& outcome);
  void take_native(const ir::Unit& raw, UnitCompiler::Output output);
  Result<Update>& numbered(std::size_t compiled);
  void tell_touched(std::span<const incremental::Change> changes, const Outcome& outcome);
  void take_namespaces(const Outcome& outcome);
  void take_units(const Outcome& outcome, UnitCompiler::Outputs& outputs);
  void take_service(const ir::ServiceRef& ref, const Outcome& outcome,
                    std::vector<UnitCompiler::Output> outputs);
  Service service_of(const ir::ServiceRef& ref, const Outcome& outcome,
                     std::vector<UnitCompiler::Output> outputs) const;
  Result<void> assign_addresses(const Outcome& outcome);
  void place(const ir::ServiceRef& ref, Service& service);
  void put(std::vector<std::string>& into, std::vector<std::string> now);
  void take_pods(const Outcome& outcome);
  void take_all_pods(const model::Mesh& mesh);
  void put_into_manifest();
  void put_units(const ir::ServiceRef& ref, const Service* service);
  void take_images(const contract::Unit& unit, const UnitCompiler::Output& output);
  void drop_image(const std::string& digest);
  void put_names(const ir::ServiceRef& ref, const Service* service);

  incremental::Frontend front_;
  UnitCompiler compiler_;
  UnitCompiler tables_;
  bool two_steps_;
  AddressPlan& plan_;
  Nodes nodes_;
  std::string cluster_domain_;

  std::map<ir::ServiceRef, Service> services_;
  AddressPlan::Addresses addresses_;
  std::map<ir::ServiceRef, AddressPlan::Listening> listening_;
  std::set<std::string> assigned_;  // the same addresses, to see when something moves in there
  std::set<std::string> plain_namespaces_;
  std::map<std::string, int> units_by_image_;
  std::map<ir::ServiceRef, std::vector<ir::Unit>> unfinished_;  // raw, of whole services
  std::set<ir::ServiceRef> changed_;  // of which the manifest does not know yet
  bool services_changed_ = true;      // whom a plan must hear of
  bool again_ = false;                // the last change did not come through
  bool different_ = false;            // from the version in force
  std::optional<Diagnostics> said_;   // those of said_version_
  std::uint64_t said_version_ = 0;
  std::uint64_t told_version_ = 0;  // that came with the last update
  Result<Update> now_ = Update();   // never an error
  Result<Update> failed_;           // never anything else, once given
};

}  // namespace smic::controller
