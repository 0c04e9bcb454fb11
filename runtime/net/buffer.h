// SPDX-License-Identifier: Apache-2.0
// Bytes read and not yet used up, contiguous. Storage is borrowed from the thread when the first
// byte is wanted and given back when the last is used and release() is called, so that an idle
// connection holds none.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace smic::net {

inline constexpr std::size_t kBlockBytes = 16 * 1024;

class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { drop(); }

  std::string_view bytes() const { return {data_ + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  void commit(std::size_t count) { end_ += count; }

  // Room behind the bytes, at least one byte. May move the bytes: views of them are void.
  std::span<char> room();
  // As room(), but lets the buffer grow beyond a block, to at most `limit` bytes. Empty = full.
  std::span<char> grow(std::size_t limit);
  // Gives the storage back if there are no bytes in it.
  void release();

 private:
  void reserve(std::size_t capacity);
  void drop();

  char* data_ = nullptr;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace smic::net
