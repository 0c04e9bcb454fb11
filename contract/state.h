// SPDX-License-Identifier: Apache-2.0
// What a node enforces, as it is distributed: not one document but a sorted set of items, so that
// a change travels as the items that changed, and both sides can tell by 32 bytes that they mean
// the same.
//
//   key                                   value, canonical JSON on one line
//   mesh settings                         what is said once: zones and domain of DNS, …
//   mesh service shop reviews             one named Service
//   mesh unit shop reviews 09080 http     one unit
//   local pod 10.1.2.3                    one of the node's own pods
//
// The *mesh* part is the same for all nodes, so it is written, hashed and compared once however
// many nodes there are; the *local* part is the node's own. An item is hashed as it stands on the
// wire, a part is the hash of its items' hashes in the order of their keys, and what is signed is a
// head that names node, epoch, version and the hashes of both parts. So nothing between controller
// and proxy has to be believed: not the order in which things came, not what a delta claims to
// start from, not the disk. Whoever has the head's signature and the items has the state.
//
// Epoch and version are how a proxy knows old from new. Every controller process takes an epoch
// that no process before it had (controller/distribution/epoch.h), and numbers its states. A proxy
// takes only what has a higher version than what it enforces, and an epoch that is not lower: what
// was once said cannot be said again. Equal states have equal hashes whichever replica made them,
// and that is how a proxy goes on with another replica without fetching everything again.
//
// Tested by tests/unit/contract/state_test.cpp (random states: apply(a, difference(a, b)) = b).
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "contract/digest.h"
#include "contract/manifest.h"
#include "contract/signature.h"

namespace smic::contract {

// ---- items -------------------------------------------------------------------------------------

struct Item {
  using Value = std::variant<MeshSettings, Shared<ServiceNames>, Shared<Unit>, PodIdentity>;

  std::string key;
  Hash hash{};       // of `line`
  std::string line;  // as on the wire, without its end; empty in items that were read
  Value value;
};
using ItemPtr = std::shared_ptr<const Item>;

inline constexpr std::size_t kMaxItemKey = 1024;
inline constexpr std::size_t kMaxItemLine = std::size_t{1} << 25;

// Fails if a name in it cannot stand in a key.
Result<ItemPtr> make_item(Item::Value value);

// `{"set":"KEY","value":VALUE}`, in that spelling and with the key that the value has.
Result<ItemPtr> read_item(std::string_view line);

// Its line, made again if it was not kept. Fails if a newer program wrote what this one passes
// over.
Result<std::string> line_of(const Item& item);

bool is_item_key(std::string_view key);  // of a kind that is known
bool is_local(std::string_view key);

// ---- parts and states --------------------------------------------------------------------------

struct Part {
  std::vector<ItemPtr> items;  // sorted by key, no key twice
  Hash hash = hash_of_items(items);

  static Hash hash_of_items(const std::vector<ItemPtr>& items);
};
using PartPtr = std::shared_ptr<const Part>;

// What is the same object as in `previous` (null: nothing) is not written and hashed again.
Result<PartPtr> mesh_part(const Manifest& manifest, const Part* previous);
Result<PartPtr> local_part(const std::vector<PodIdentity>& pods, const Part* previous);

struct Delta {
  std::vector<ItemPtr> set;          // sorted by key
  std::vector<std::string> removed;  // sorted

  bool empty() const { return set.empty() && removed.empty(); }
};
Delta difference(const Part& from, const Part& to);

// Of the part that `local` says. Fails if something is removed that is not there.
Result<PartPtr> apply(const Part& part, const Delta& delta, bool local);

// ---- heads -------------------------------------------------------------------------------------

inline constexpr std::uint32_t kStateFormat = 1;
inline constexpr std::uint64_t kMostVersion = std::uint64_t{1} << 53;  // exact in any JSON reader

struct Head {
  std::uint32_t format = kStateFormat;
  std::string node;
  std::uint64_t epoch = 0;
  std::uint64_t version = 0;  // 0 = nothing yet
  Hash mesh{};
  Hash local{};
  std::string key;  // id of the key that signs

  bool operator==(const Head&) const = default;
};

struct SignedHead {
  Head head;
  Signature signature{};
};

SignedHead sign(Head head, const SigningKey& key);  // fills in the key's id
Result<void> verify(const SignedHead& head, const Trust& trust);

// `{"state":{…},"base":N,"signature":"…"}`. The base is the version that a delta starts from, 0
// = everything follows. It is not signed: the hashes tell whether it was the right one.
std::string head_line(const SignedHead& head, std::uint64_t base);
struct HeadLine {
  SignedHead signed_head;
  std::uint64_t base = 0;
};
Result<HeadLine> read_head_line(std::string_view line);

// ---- one state after another -------------------------------------------------------------------

struct State {
  Head head;
  PartPtr mesh = std::make_shared<const Part>();
  PartPtr local = std::make_shared<const Part>();
};

struct Message {
  HeadLine head;
  Delta delta;
  std::string text;  // all its lines, as they came
};

// The state that a message leads to, if the items are those that the head names. Nothing else is
// asked: of a file that this process wrote, for instance.
Result<State> advance(const State& from, const Message& message);

// The same with all questions asked: format, node, key, signature, and that it is newer.
Result<State> take_up(const State& from, const Message& message, const std::string& node,
                      const Trust& trust);

// What a proxy enforces; its version is the head's.
Manifest manifest_of(const State& state);

}  // namespace smic::contract
