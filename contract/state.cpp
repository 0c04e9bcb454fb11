// SPDX-License-Identifier: Apache-2.0
// Parts of a state: made from manifests, compared, changed, and made into a manifest again. Two
// parts share the items that are the same, so comparing twenty thousand is a walk over pointers.
#include "contract/state.h"

#include <algorithm>
#include <span>
#include <tuple>

#include "base/overload.h"

namespace smic::contract {
namespace {

// Has this item the same value? Shared parts of a manifest are compared by pointer first.
template <class T>
bool holds(const Item& item, const T& value) {
  const T* held = std::get_if<T>(&item.value);
  return held != nullptr && *held == value;
}

// Makes the items of a part in the order of their keys, taking over those of the part before.
class PartBuilder {
 public:
  explicit PartBuilder(const Part* previous) {
    if (previous != nullptr) left_ = previous->items;
  }

  template <class T>
  Result<void> add(const T& value) {
    if (!left_.empty() && holds(*left_.front(), value)) {
      items_.push_back(left_.front());
      left_ = left_.subspan(1);
      return {};
    }
    auto item = make_item(value);
    if (!item) return std::unexpected(item.error());
    skip_below((*item)->key);
    const bool known = !left_.empty() && left_.front()->key == (*item)->key;
    const bool again = known && left_.front()->hash == (*item)->hash;
    items_.push_back(again ? left_.front() : std::move(*item));
    if (known) left_ = left_.subspan(1);
    return {};
  }

  Result<PartPtr> finish() {
    const auto key = [](const ItemPtr& item) -> const std::string& { return item->key; };
    if (!std::ranges::is_sorted(items_, {}, key)) std::ranges::sort(items_, {}, key);
    const auto twice = std::ranges::adjacent_find(items_, {}, key);
    if (twice != items_.end()) return fail("`" + (*twice)->key + "` is there twice");
    return std::make_shared<const Part>(std::move(items_));
  }

 private:
  void skip_below(const std::string& key) {
    while (!left_.empty() && left_.front()->key < key) left_ = left_.subspan(1);
  }

  std::span<const ItemPtr> left_;  // of the part before, from here on
  std::vector<ItemPtr> items_;
};

template <class List>
Result<void> add_all(PartBuilder& builder, const List& list) {
  for (const auto& each : list) {
    if (auto added = builder.add(each); !added) return added;
  }
  return {};
}

// Walks two sorted lists of things with keys together.
template <class Left, class Right, class OnLeft, class OnRight, class OnBoth>
void walk_both(const Left& left, const Right& right, OnLeft on_left, OnRight on_right,
               OnBoth on_both) {
  auto a = left.begin();
  auto b = right.begin();
  while (a != left.end() || b != right.end()) {
    if (b == right.end()) {
      on_left(*a++);
    } else if (a == left.end()) {
      on_right(*b++);
    } else if (*a == *b) {
      on_both(*a++, *b++);
    } else if (const auto order = (*a)->key <=> (*b)->key; order == 0) {
      on_both(*a++, *b++);
    } else if (order < 0) {
      on_left(*a++);
    } else {
      on_right(*b++);
    }
  }
}

bool touches(const Delta& delta, bool local) {
  return std::ranges::any_of(delta.set,
                             [&](const ItemPtr& item) { return is_local(item->key) == local; }) ||
         std::ranges::any_of(delta.removed,
                             [&](const std::string& key) { return is_local(key) == local; });
}

}  // namespace

Hash Part::hash_of_items(const std::vector<ItemPtr>& items) {
  std::string hashes;
  hashes.reserve(items.size() * sizeof(Hash));
  for (const ItemPtr& item : items) {
    hashes.append(reinterpret_cast<const char*>(item->hash.data()), item->hash.size());
  }
  return hash_of(hashes);
}

// In the order of their keys.
Result<PartPtr> mesh_part(const Manifest& manifest, const Part* previous) {
  PartBuilder builder(previous);
  if (auto done = add_all(builder, manifest.names.services); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = builder.add(settings_of(manifest)); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = add_all(builder, manifest.units); !done) return std::unexpected(done.error());
  return builder.finish();
}

Result<PartPtr> local_part(const std::vector<PodIdentity>& pods, const Part* previous) {
  PartBuilder builder(previous);
  if (auto done = add_all(builder, pods); !done) return std::unexpected(done.error());
  return builder.finish();
}

Delta difference(const Part& from, const Part& to) {
  Delta delta;
  walk_both(
      from.items, to.items, [&](const ItemPtr& gone) { delta.removed.push_back(gone->key); },
      [&](const ItemPtr& added) { delta.set.push_back(added); },
      [&](const ItemPtr& before, const ItemPtr& now) {
        if (before != now && before->hash != now->hash) delta.set.push_back(now);
      });
  return delta;
}

Result<PartPtr> apply(const Part& part, const Delta& delta, bool local) {
  std::vector<ItemPtr> set;
  std::ranges::copy_if(delta.set, std::back_inserter(set),
                       [&](const ItemPtr& item) { return is_local(item->key) == local; });
  std::vector<ItemPtr> items;
  items.reserve(part.items.size() + set.size());
  const auto keep = [&](const ItemPtr& item) { items.push_back(item); };
  walk_both(part.items, set, keep, keep, [&](const ItemPtr&, const ItemPtr& now) { keep(now); });
  auto at = items.begin();
  std::vector<ItemPtr> left;
  for (const std::string& key : delta.removed) {
    if (is_local(key) != local) continue;
    const auto found = std::ranges::lower_bound(
        at, items.end(), key, {},
        [](const ItemPtr& item) -> const std::string& { return item->key; });
    if (found == items.end() || (*found)->key != key) {
      return fail("`" + key + "` is removed, and was not there");
    }
    left.insert(left.end(), at, found);
    at = found + 1;
  }
  if (at == items.begin()) return std::make_shared<const Part>(std::move(items));
  left.insert(left.end(), at, items.end());
  return std::make_shared<const Part>(std::move(left));
}

Result<State> advance(const State& from, const Message& message) {
  const Head& head = message.head.signed_head.head;
  const State nothing;
  const State& base = message.head.base == 0 ? nothing : from;
  State next{.head = head};
  for (const auto& [part, local, hash] : {std::tuple(&State::mesh, false, &Head::mesh),
                                          std::tuple(&State::local, true, &Head::local)}) {
    if (&base == &from && !touches(message.delta, local)) {
      next.*part = from.*part;
    } else {
      auto made = apply(*(base.*part), message.delta, local);
      if (!made) return std::unexpected(made.error());
      next.*part = std::move(*made);
    }
    if ((next.*part)->hash != head.*hash) {
      return fail(std::string("the ") + (local ? "local" : "mesh") + " part has the digest " +
                  digest_text((next.*part)->hash) + ", and the head says " +
                  digest_text(head.*hash));
    }
  }
  return next;
}

Manifest manifest_of(const State& state) {
  Manifest manifest;
  manifest.version = state.head.version;
  manifest.node = state.head.node;
  const Overload take{
      [&](const MeshSettings& settings) { use(settings, manifest); },
      [&](const Shared<ServiceNames>& names) { manifest.names.services.push_back(names); },
      [&](const Shared<Unit>& unit) { manifest.units.push_back(unit); },
      [&](const PodIdentity& pod) { manifest.identities.push_back(pod); }};
  for (const PartPtr& part : {state.mesh, state.local}) {
    for (const ItemPtr& item : part->items) std::visit(take, item->value);
  }
  return manifest;
}

}  // namespace smic::contract
