// SPDX-License-Identifier: Apache-2.0
// Which pods, or workload templates, does a selector match?
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/model/names.h"

namespace smic::model {

struct LabelKey {
  std::string_view ns, key, value;
  bool operator==(const LabelKey&) const = default;
};

struct LabelHash {
  std::size_t operator()(const LabelKey& label) const noexcept {
    return NameHash()({label.ns, label.key}) * 31 + std::hash<std::string_view>()(label.value);
  }
};

// Objects by each of their labels. A query walks the rarest label's list only, so that a label that
// everything has (`app.kubernetes.io/part-of`) costs nothing.
template <class T>
class LabelIndex {
 public:
  void add(const T& object) {
    for (const auto& [key, value] : object.shape.labels) {
      lists_[{object.meta.ns.value, key, value}].push_back(&object);
    }
  }

  std::vector<const T*> select(std::string_view ns, const resources::Labels& selector) const {
    const std::vector<const T*>* rarest = nullptr;
    for (const auto& [key, value] : selector) {
      const auto list = lists_.find({ns, key, value});
      if (list == lists_.end()) return {};
      if (rarest == nullptr || list->second.size() < rarest->size()) rarest = &list->second;
    }
    std::vector<const T*> matching;
    if (rarest == nullptr) return matching;
    std::ranges::copy_if(*rarest, std::back_inserter(matching), [&](const T* object) {
      return std::ranges::includes(object->shape.labels, selector);
    });
    return matching;
  }

 private:
  std::unordered_map<LabelKey, std::vector<const T*>, LabelHash> lists_;
};

}  // namespace smic::model
