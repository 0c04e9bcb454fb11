// SPDX-License-Identifier: Apache-2.0
// What has changed of a service takes the place of what the manifest has of it, and images come and
// go with the units that need them.
#include <algorithm>

#include "controller/object_reconciler.h"

namespace smic::controller {
namespace {

ir::ServiceRef ref_of(std::string_view service) {  // of "namespace/name"
  const std::size_t slash = service.find('/');
  return {std::string(service.substr(0, slash)), std::string(service.substr(slash + 1))};
}

template <class T>
using Parts = std::vector<contract::Shared<T>>;

// Puts `parts` in the place of those that the list has of this service, and gives those; nothing if
// they are the same.
template <class T>
std::optional<Parts<T>> replace_parts(Parts<T>& list, const ir::ServiceRef& ref,
                                      const Parts<T>& parts) {
  const auto first = std::ranges::lower_bound(
      list, ref, {}, [](const contract::Shared<T>& part) { return ref_of(part->service); });
  auto last = first;
  while (last != list.end() && ref_of((*last)->service) == ref) ++last;
  const auto same = [](const auto& a, const auto& b) { return a.same_object(b); };
  if (std::ranges::equal(std::ranges::subrange(first, last), parts, same)) return std::nullopt;
  Parts<T> before(first, last);
  if (before.size() == parts.size()) {
    std::ranges::copy(parts, first);
  } else {
    list.insert(list.erase(first, last), parts.begin(), parts.end());
  }
  return before;
}

}  // namespace

void ObjectReconciler::put_into_manifest() {
  for (const ir::ServiceRef& ref : changed_) {
    const auto known = services_.find(ref);
    put_units(ref, known == services_.end() ? nullptr : &known->second);
    put_names(ref, known == services_.end() ? nullptr : &known->second);
  }
  changed_.clear();
}

void ObjectReconciler::put_units(const ir::ServiceRef& ref, const Service* service) {
  Parts<contract::Unit> units;
  for (std::size_t i = 0; service != nullptr && i < service->units.size(); ++i) {
    if (service->units[i]->listen_addresses.empty()) continue;
    units.push_back(service->units[i]);
    take_images(units.back(), service->outputs[i]);
  }
  const auto before = replace_parts(now_->manifest.units, ref, units);
  different_ |= before.has_value();
  for (const auto& gone : before ? *before : units) {
    drop_image(gone->image);
    for (const contract::NativeImage& native : gone->native) drop_image(native.digest);
  }
}

void ObjectReconciler::take_images(const contract::Unit& unit, const UnitCompiler::Output& output) {
  const auto take = [this](const std::string& digest, const UnitCompiler::Image& image) {
    if (units_by_image_[digest]++ == 0) now_->images.put(digest, image);
  };
  take(unit.image, output.image);
  for (std::size_t i = 0; i < unit.native.size(); ++i) {
    take(unit.native[i].digest, output.native[i]);
  }
}

void ObjectReconciler::drop_image(const std::string& digest) {
  if (--units_by_image_[digest] > 0) return;
  units_by_image_.erase(digest);
  now_->images.erase(digest);
}

void ObjectReconciler::put_names(const ir::ServiceRef& ref, const Service* service) {
  Parts<contract::ServiceNames> names;
  const bool named =
      service != nullptr && service->names &&
      (plain_namespaces_.contains(ref.ns) || !(*service->names)->mesh_addresses.empty());
  if (named) names.push_back(*service->names);
  different_ |= replace_parts(now_->manifest.names.services, ref, names).has_value();
}

}  // namespace smic::controller
