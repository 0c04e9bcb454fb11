// SPDX-License-Identifier: Apache-2.0
// Random edits of a small cluster, made so that names collide, dangle, are slips of each other and
// come back: objects of every kind that the controller watches, some of them broken.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "compiler/incremental/incremental.h"

namespace smic::test {

class RandomObjects {
 public:
  explicit RandomObjects(std::uint64_t seed) : random_(seed) {}

  // An object of the cluster is written anew, or (now and then) taken away.
  incremental::Change edit();

  // Where there are such, every change is of everything: most edits must do without.
  bool bindings_by_labels = false;

 private:
  std::size_t below(std::size_t count) { return random_() % count; }
  bool one_in(std::size_t count) { return below(count) == 0; }
  std::string one_of(const std::vector<std::string>& words) { return words[below(words.size())]; }

  std::string object(const std::string& api, const incremental::ObjectKey& key,
                     const std::string& metadata, const std::string& rest) const;
  std::string text_of(const incremental::ObjectKey& key);
  std::string ns_text(const incremental::ObjectKey& key);
  std::string service(const incremental::ObjectKey& key);
  std::string slice(const incremental::ObjectKey& key);
  std::string pod(const incremental::ObjectKey& key);
  std::string group(const incremental::ObjectKey& key);
  std::string l4_route(const incremental::ObjectKey& key);
  std::string target(const incremental::ObjectKey& key);
  std::string split(const incremental::ObjectKey& key);
  std::string binding(const incremental::ObjectKey& key);
  std::string subject(const std::string& ns);
  std::string address() { return "10.0.0." + std::to_string(1 + below(9)); }

  std::mt19937_64 random_;
};

}  // namespace smic::test
