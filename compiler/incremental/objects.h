// SPDX-License-Identifier: Apache-2.0
// All objects as texts, what each is found by, and what is said of each. Decoded ones are kept for
// the length of one change. For the .cpp files of this folder only.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>

#include "compiler/incremental/incremental.h"
#include "compiler/incremental/tokens.h"

namespace smic::incremental {

using ObjectId = SourceId;

class Objects {
 public:
  using Said = std::vector<Diagnostic>;

  explicit Objects(resources::Methods extensions) : extensions_(std::move(extensions)) {}

  ObjectId put(const ObjectKey& key, std::shared_ptr<const std::string> text);  // index follows
  void remove(ObjectId id);
  std::optional<ObjectId> find(const ObjectKey& key) const;
  const ObjectKey& key(ObjectId id) const { return slots_[id.value].key; }
  bool has(ObjectId id) const { return slots_[id.value].in_use; }
  bool has_text(ObjectId id, const std::string& text) const;
  std::size_t size() const { return by_name_.size(); }
  std::vector<ObjectId> all() const;

  // At most one object, or one that was left out because of errors.
  const resources::Set& decoded(ObjectId id);
  resources::Set take_decoded(ObjectId id);
  void forget_decoded();
  void forget_decoded(ObjectId id) { decoded_.erase(id); }

  const std::vector<ObjectId>& with(Token token) const;
  bool any(Role role) const { return !with(token(role)).empty(); }

  // What decoding said, and what the rest of the pipeline says.
  void say(ObjectId id, Said said);
  const Said& said(ObjectId id) const;
  const Said& said_in_decoding(ObjectId id) const;
  void report(Diagnostics& into) const;
  void report(ObjectId id, Diagnostics& into) const;
  std::uint64_t said_version() const { return said_version_; }  // another one if anything is

  const Sources& sources() const { return sources_; }

 private:
  struct Slot {
    ObjectKey key;
    bool in_use = false;
    std::vector<Token> tokens;
  };

  void index(ObjectId id, std::vector<Token> tokens);
  void unlist(ObjectId id, Token token);
  void put_said(std::map<ObjectId, Said>& into, ObjectId id, Said said);

  resources::Methods extensions_;  // D-29
  Sources sources_;
  std::vector<Slot> slots_;
  std::vector<ObjectId> free_;
  std::unordered_map<std::string, ObjectId> by_name_;
  std::unordered_map<Token, std::vector<ObjectId>> index_;
  std::unordered_map<ObjectId, resources::Set> decoded_;
  std::map<ObjectId, Said> said_in_decoding_;
  std::map<ObjectId, Said> said_;
  std::uint64_t said_version_ = 0;
};

}  // namespace smic::incremental
