// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include "controller/controller.h"

namespace smic::controller {
namespace {

constexpr std::size_t kShelves = 256;

std::size_t shelf_of(const std::string& digest) {
  return std::hash<std::string>()(digest) % kShelves;
}

}  // namespace

Images::Shelf& Images::own(const std::string& digest) {
  if (shelves_.empty()) shelves_.resize(kShelves);
  auto& shelf = shelves_[shelf_of(digest)];
  if (!shelf) shelf = std::make_shared<Shelf>();
  if (shelf.use_count() > 1) {
    shelf = std::make_shared<Shelf>(*shelf);
  } else {
    std::atomic_thread_fence(std::memory_order_acquire);  // after the last one who read it
  }
  return *shelf;
}

void Images::put(const std::string& digest, Image image) {
  size_ += own(digest).insert_or_assign(digest, std::move(image)).second ? 1 : 0;
}

void Images::erase(const std::string& digest) {
  if (contains(digest)) size_ -= own(digest).erase(digest);
}

Images::Image Images::find(const std::string& digest) const {
  if (shelves_.empty()) return nullptr;
  const auto& shelf = shelves_[shelf_of(digest)];
  if (!shelf) return nullptr;
  const auto found = shelf->find(digest);
  return found == shelf->end() ? nullptr : found->second;
}

Images::Shelf Images::all() const {
  Shelf all;
  for (const auto& shelf : shelves_) {
    if (shelf) all.insert(shelf->begin(), shelf->end());
  }
  return all;
}

}  // namespace smic::controller
