// SPDX-License-Identifier: Apache-2.0
// The front door of runtime/program: image bytes and a manifest in, a snapshot that workers can
// ask out (DESIGN §5). Verifies, links, publishes, and frees when nobody can be inside any more.
//   Program        one loaded image: its match and split, native (ORC/JITLink) or portable
//   Snapshot       one manifest, resolved: units with their programs, names and endpoints
//   SnapshotCell   publication to the workers and their quiet points
// LLVM's linking half has its door in load_native.cpp; no type of it leaves. Deliberately absent:
// sockets, HTTP, the compiler.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "contract/contract.h"

namespace smic::program {

// ---- one image -------------------------------------------------------------------------------

enum class Engine { native, portable };

// The CPU targets that code is run for, the best first; what is for none of them is interpreted
// from its tables.
class Targets {
 public:
  // All that this machine can run, or none.
  Targets(Engine engine);
  // Those among them; an error names one that this machine cannot run.
  static Result<Targets> of(const std::vector<std::string>& names);

  const std::vector<std::string>& names() const { return names_; }
  std::vector<std::string> best() const;  // the one of them to compile for; none if there is none
  bool contains(std::string_view target) const;
  bool operator==(const Targets&) const = default;

 private:
  std::vector<std::string> names_;
};

// Immutable and safe to call from any thread. Destroying it unmaps native code, so whoever holds
// one past a quiet point must hold the shared_ptr.
class Program {
 public:
  virtual ~Program() = default;

  void match(const contract::RequestView& view, contract::Verdict& verdict) const;
  std::uint32_t split(std::uint32_t route, std::uint64_t entropy) const;

  const contract::Shape& shape() const { return shape_; }
  // Of the code that runs; contract::kPortableTarget where tables are interpreted.
  const std::string& target() const { return target_; }

 protected:
  contract::Shape shape_;
  std::string target_{contract::kPortableTarget};
  contract::MatchFunction native_match_ = nullptr;  // null: portable
  contract::SplitFunction native_split_ = nullptr;
  std::vector<std::uint8_t> tables_;
};

// Checks structure (lengths, target, ABI, section flags, no undefined symbol, tables) and loads:
// its code if that is for one of the targets, else its tables, which every image has. A refused
// image says why. Thread-safe; the native linker lives as long as any Program does.
Result<std::shared_ptr<const Program>> load(std::span<const std::byte> image,
                                            const Targets& targets);

// ---- one manifest ----------------------------------------------------------------------------

using DestinationMask = std::array<std::uint64_t, contract::kDestinationWords>;

// Two pointers into its unit: a node may have 100,000 endpoints, and their texts are in the
// manifest.
struct Endpoint {
  const contract::Endpoint* named;      // address, port, identity, workload
  const DestinationMask* destinations;  // the unit's destinations this endpoint belongs to

  const std::string& address() const { return named->address; }
  std::uint16_t port() const { return named->port; }
  const std::string& identity() const { return named->identity; }
};

// Lives as long as a snapshot or a later one has it: who changes one unit of 10,000 makes one.
class Unit {
 public:
  // Every index of the manifest fits the program.
  Unit(contract::Shared<contract::Unit> manifest, std::shared_ptr<const Program> program);
  Unit(const Unit&) = delete;
  Unit& operator=(const Unit&) = delete;

  std::uint32_t class_of(std::string_view identity) const;

 private:
  contract::Shared<contract::Unit> shared_;
  std::vector<DestinationMask> masks_;                                // each different one once
  std::unordered_map<std::string_view, std::uint32_t> source_class_;  // the others are 0

 public:
  const contract::Unit& manifest;  // names, origins, weights
  const std::shared_ptr<const Program> program;
  std::vector<std::vector<Endpoint>> backends;  // as in the manifest

  const contract::Shared<contract::Unit>& shared() const { return shared_; }
};

// Is this endpoint among the destinations that the verdict allows?
bool allowed(const contract::Verdict& verdict, const Endpoint& endpoint);

// Programs that some snapshot has, by digest: an image is loaded once.
class Programs;

struct Snapshot {
  using Identities = std::unordered_map<std::string, contract::PodIdentity>;  // by address text

  std::uint64_t version = 0;
  std::vector<std::string> mesh_ranges;            // as in the manifest
  std::vector<std::shared_ptr<const Unit>> units;  // as in the manifest
  std::shared_ptr<const Identities> identities = std::make_shared<const Identities>();

  // What the units were made from, side by side, so that what did not change is found without
  // looking at 10,000 units in 10,000 places.
  std::vector<const contract::Unit*> made_from;
  std::shared_ptr<Programs> programs;
};

// Where image bytes come from: a directory, the controller in the same process, the network.
using BlobSource = std::function<Result<contract::Bytes>(const std::string& digest)>;

// Loads what `manifest` names, of each unit the image that suits `targets` best and no other. Units
// that are as in `previous` (the same object, or equal) are the
// same objects again, and images that it has are not loaded again. Every index of the manifest is
// checked against the image's shape. An error leaves `previous` in force.
Result<std::shared_ptr<const Snapshot>> build_snapshot(const contract::Manifest& manifest,
                                                       const BlobSource& blobs,
                                                       const Targets& targets,
                                                       const Snapshot* previous);

// ---- publication -----------------------------------------------------------------------------

// One writer, a fixed number of readers (workers). A reader takes the current snapshot with one
// acquire load and promises to have let go of it when it next calls quiet(). A snapshot is freed,
// and its code unmapped, when every reader has been quiet since it was replaced.
class SnapshotCell {
 public:
  explicit SnapshotCell(std::size_t readers);
  ~SnapshotCell();
  SnapshotCell(const SnapshotCell&) = delete;
  SnapshotCell& operator=(const SnapshotCell&) = delete;

  // Writer.
  void publish(std::shared_ptr<const Snapshot> snapshot);
  std::shared_ptr<const Snapshot> current() const;  // for admin and metrics, not for the hot path
  bool enforced_by_all(
      std::uint64_t version) const;  // has the last reader used it or been quiet since
  void reclaim();                    // frees what nobody can hold any more

  // Reader `index`, on its own thread.
  const Snapshot* read(std::size_t index);
  void quiet(std::size_t index);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smic::program
