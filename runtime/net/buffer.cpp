// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/buffer.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "base/check.h"

namespace smic::net {
namespace {

constexpr std::size_t kKeptBlocks = 256;  // per thread: 4 MiB

// Blocks that are free; last in, first out, so that what is borrowed next is warm in the cache.
struct FreeBlocks {
  std::vector<std::unique_ptr<char[]>> blocks;
};
thread_local FreeBlocks t_free;

char* borrow_block() {
  if (t_free.blocks.empty()) return new char[kBlockBytes];
  char* block = t_free.blocks.back().release();
  t_free.blocks.pop_back();
  return block;
}

void return_block(char* block) {
  if (t_free.blocks.size() < kKeptBlocks) {
    t_free.blocks.emplace_back(block);
  } else {
    delete[] block;
  }
}

}  // namespace

std::span<char> Buffer::room() {
  if (data_ == nullptr) reserve(kBlockBytes);
  if (end_ == capacity_) {
    SMIC_CHECK(begin_ > 0, "room() of a full buffer");
    reserve(capacity_);
  }
  return {data_ + end_, capacity_ - end_};
}

std::span<char> Buffer::grow(std::size_t limit) {
  if (data_ == nullptr) reserve(kBlockBytes);
  if (end_ == capacity_) {
    if (begin_ > 0) {
      reserve(capacity_);
    } else if (capacity_ < limit) {
      reserve(std::min(limit, capacity_ * 2));
    } else {
      return {};
    }
  }
  return {data_ + end_, capacity_ - end_};
}

void Buffer::release() {
  if (empty()) drop();
}

// Moves the bytes to the front of storage with that capacity.
void Buffer::reserve(std::size_t capacity) {
  if (capacity == capacity_) {
    std::memmove(data_, data_ + begin_, size());
  } else {
    char* wider = capacity == kBlockBytes ? borrow_block() : new char[capacity];
    const std::size_t kept = size();
    if (kept > 0) std::memcpy(wider, data_ + begin_, kept);
    if (capacity_ == kBlockBytes) {
      return_block(data_);
    } else {
      delete[] data_;
    }
    data_ = wider;
    capacity_ = capacity;
    begin_ = 0;
    end_ = kept;
    return;
  }
  end_ -= begin_;
  begin_ = 0;
}

void Buffer::drop() {
  if (capacity_ == kBlockBytes) {
    return_block(data_);
  } else {
    delete[] data_;
  }
  data_ = nullptr;
  begin_ = end_ = capacity_ = 0;
}

}  // namespace smic::net
