// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/task.h"

#include <array>
#include <new>

namespace smic::net {
namespace {

constexpr std::size_t kClassBytes = 128;  // frames are rounded up to a multiple of this
constexpr std::size_t kClasses = 32;      // larger ones come from the heap

struct FreeLists {
  struct Node {
    Node* next;
  };
  std::array<Node*, kClasses> heads{};

  ~FreeLists() {
    for (Node* node : heads) {
      while (node != nullptr) ::operator delete(std::exchange(node, node->next));
    }
    heads.fill(nullptr);
  }
};

thread_local FreeLists t_lists;

std::size_t class_of(std::size_t size) { return (size + kClassBytes - 1) / kClassBytes; }

}  // namespace

void* allocate_frame(std::size_t size) {
  const std::size_t index = class_of(size);
  if (index >= kClasses) return ::operator new(size);
  FreeLists::Node*& head = t_lists.heads[index];
  if (head == nullptr) return ::operator new(index * kClassBytes);
  return std::exchange(head, head->next);
}

void free_frame(void* frame, std::size_t size) noexcept {
  const std::size_t index = class_of(size);
  if (index >= kClasses) return ::operator delete(frame);
  auto* node = static_cast<FreeLists::Node*>(frame);
  node->next = t_lists.heads[index];
  t_lists.heads[index] = node;
}

}  // namespace smic::net
