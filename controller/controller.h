// SPDX-License-Identifier: Apache-2.0
// The front door of controller/: a source of resources in (controller/source), signed-to-be
// manifests and images out (DESIGN §6). Level-based: it always compiles what is there now, reuses
// the images of units that did not change, and hands on a new manifest only if something did. A
// broken edit is reported and the last good version goes on.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/packed_bytes.h"
#include "base/result.h"
#include "compiler/compile.h"
#include "compiler/incremental/incremental.h"
#include "contract/contract.h"
#include "controller/source/source.h"

namespace smic::controller {

// ---- reconcile --------------------------------------------------------------------------------

// A meshed Service, as far as it matters where it gets its mesh addresses.
struct MeshedService {
  enum class Kind {
    cluster_ip,     // has cluster IPs, or may get them
    headless,       // clusterIP None
    external_name,  // leads out of the cluster
    rules_only,     // a unit of a .smir file, without a Service object
  };

  ir::ServiceRef service;
  Kind kind = Kind::cluster_ip;
  bool has_selector = true;
  std::vector<std::string> cluster_ips;  // as in the object, the first one its clusterIP
  std::string created;                   // RFC 3339; empty = not known

  struct Port {
    std::uint16_t number = 0;
    contract::Transport transport = contract::Transport::tcp;
    auto operator<=>(const Port&) const = default;
  };
  std::vector<Port> ports{};  // that have units; sorted

  bool operator==(const MeshedService&) const = default;
};

// Which mesh addresses each service gets (DESIGN §5, address plans). Asked when the set of services
// changed, or when something came to live on an address that a service has; not for an endpoint, a
// weight or a rule. A service that had an address keeps it, unless something else in the input now
// lives there.
class AddressPlan {
 public:
  // The first one is where its units listen; more are of another family. Never empty.
  using Addresses = std::map<ir::ServiceRef, std::vector<std::string>>;

  struct Unplaced {  // has no address, so no unit listens for it and no mesh name leads to it
    ir::ServiceRef service;
    std::string reason;
    bool passing = false;  // it will have one in a moment

    bool operator==(const Unplaced&) const = default;
  };
  struct Remark {  // has an address, but not the one that was to be expected
    ir::ServiceRef service;
    std::string what;

    bool operator==(const Remark&) const = default;
  };
  // Where units listen if that is not (mesh address, the Service's own port). A port that is not
  // here is not listened for.
  struct Listening {
    std::vector<std::string> addresses;  // a wildcard: the node's own, of that family
    std::map<MeshedService::Port, std::uint16_t> ports;

    bool operator==(const Listening&) const = default;
  };
  struct Assignment {
    Addresses addresses;
    std::vector<Unplaced> unplaced;
    std::vector<Remark> remarks;
    std::map<ir::ServiceRef, Listening> listening{};
  };

  // Does a pod or an endpoint live there, so that no service may?
  using Taken = std::function<bool(const std::string& address)>;

  virtual ~AddressPlan() = default;
  // A Service of the input is new, changed or gone (null), meshed or not. True: what was assigned
  // depends on it.
  virtual bool learn(const ir::ServiceRef& service, const resources::Service* object) {
    (void)service, (void)object;
    return false;
  }
  // `services`: sorted by name.
  virtual Result<Assignment> assign(const std::vector<MeshedService>& services,
                                    const Taken& taken) = 0;
  // Of DNS: where its addresses are found when they lead back to names.
  virtual std::vector<std::string> reverse_zones() const { return {}; }
  // CIDRs that a node makes local for its addresses (contract::Manifest::mesh_ranges).
  virtual std::vector<std::string> ranges() const { return {}; }
};

// 127.x.y.z, stable: a service keeps its address while it exists, and where it can across restarts
// (derived from a hash of its name, next free on collision; never 127.0.0.0/16, where clients
// live).
std::unique_ptr<AddressPlan> loopback_plan();

// What a plan makes of a whole input, as the first reconcile() would: for who only asks.
Result<AddressPlan::Assignment> assign_addresses(const Frontend& front, AddressPlan& plan);

// Whose pods a node's proxy vouches for. In a cluster each node has its own pods; where everything
// runs on one machine all pods are of the one node there is, whatever they say.
enum class Nodes { one, by_pod };
inline constexpr const char* kOnlyNode = "local";

// Images by digest. Copies share them; one that is changed gets its own of the shelf that it
// changes, so that an update of ten thousand images costs what differs.
class Images {
 public:
  using Image = std::shared_ptr<const PackedBytes>;
  using Shelf = std::map<std::string, Image>;

  void put(const std::string& digest, Image image);
  void erase(const std::string& digest);
  Image find(const std::string& digest) const;  // null: it is not here
  bool contains(const std::string& digest) const { return find(digest) != nullptr; }
  std::size_t size() const { return size_; }
  Shelf all() const;  // a copy

 private:
  Shelf& own(const std::string& digest);

  std::vector<std::shared_ptr<Shelf>> shelves_;  // null: nothing on it
  std::size_t size_ = 0;
};

struct Update {
  using Pods = std::shared_ptr<const std::vector<contract::PodIdentity>>;

  contract::Manifest manifest;        // what all nodes share: no node, no identities
  std::map<std::string, Pods> nodes;  // by name; unchanged pods are the same object
  std::vector<AddressPlan::Unplaced> unplaced;
  std::vector<AddressPlan::Remark> remarks;
  Images images;
  // Objects of which something else may be said than after the update before, or whose text is
  // another one. What comes of files, or of everything anew, does not tell them apart.
  struct Touched {
    incremental::ObjectKey key;
    std::optional<SourceId> source;  // nothing: it is gone
  };
  std::vector<Touched> touched;
  bool all_touched = true;
  bool said_changed = true;  // are the diagnostics other ones?
  std::size_t compiled = 0;  // units compiled for this update; the rest were reused
  double seconds = 0;        // from sources to manifest

  // Of one node; one that nobody knows has no pods.
  contract::Manifest manifest_of(const std::string& node) const;
};

// What a new mistake means. In files that one person edits: the edit is not finished, so the
// version in force stays. In a cluster, where others must not wait for whoever made it: that
// resource is left out (closed for access, the plain root for splits), and the rest goes on.
enum class OnMistake { keep_version, leave_out };

// Keeps compiled units, so that a change recompiles alone, and the version in force, so that a
// broken edit cannot replace it.
class Reconciler {
 public:
  // `mesh_zones`: where meshed Services have names, SERVICE.NAMESPACE.ZONE.
  Reconciler(CompileOptions options, std::unique_ptr<AddressPlan> plan,
             OnMistake on_mistake = OnMistake::keep_version,
             std::vector<std::string> mesh_zones = {"mesh"}, Nodes nodes = Nodes::one);
  ~Reconciler();

  // The first version takes whatever is good. After that, with keep_version, an edit is broken if
  // it brings an error that the version in force does not have: then the result is an error and
  // nothing is lost, not even what the broken resource itself had said. Diagnostics are always
  // filled. An input that changes nothing gives the same version again.
  Result<Update> reconcile(const Sources& sources, Diagnostics& diagnostics);

  // The same, of objects that changed since the last call: what depends on them is resolved,
  // lowered and compiled again, the rest is what it was. A mistake always leaves out. What is said
  // of sources() then is all there is, not only what is new. The update is the one that is kept,
  // good until the next call: what is not copied costs nothing.
  const Result<Update>& apply(std::span<const incremental::Change> changes);
  const Diagnostics& said() const;
  const Sources& sources() const;

  // Other settings from the next call on, which then is of everything. From any thread.
  void use(const model::Options& options, std::vector<std::string> mesh_zones);

  // What would be said of an object of SMI if it was written like this (incremental.h), as a guest
  // of the thread that follows: nothing if its turn is not over within `patience`, or if it does
  // not go object by object. From any thread.
  std::optional<std::vector<Diagnostic>> would_say(const incremental::Change& change,
                                                   std::chrono::milliseconds patience);
  // Held from taking a change up until all have been told of it (follow() does that).
  std::unique_lock<std::timed_mutex> take_turn();

  // After apply() a changed unit is enforced from its tables, so that no change waits for a
  // compiler. While unfinished(), finish() compiles some of those units and gives the next update.
  bool unfinished() const;
  const Result<Update>& finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Reads, reconciles and hands on, again and again until the source is stopped, all at once or by
// what changed, as the source has it. A source that cannot
// be read and a broken edit both arrive as errors: the version in force stays.
using OnUpdate = std::function<void(const Result<Update>&, const Diagnostics&)>;
void follow(source::Source& source, Reconciler& reconciler, const OnUpdate& on_update);

}  // namespace smic::controller
