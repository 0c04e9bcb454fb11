// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/base/packed_bytes_test.cpp. The only file that knows zstd.
#include "base/packed_bytes.h"

#include <zstd.h>

#include "base/check.h"

namespace smic {
namespace {

constexpr int kLevel = 3;

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// A context is dear to make and dear to hold, so a thread that packs many keeps one.
ZSTD_CCtx* packer() {
  thread_local const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  SMIC_CHECK(context, "no memory for packing");
  return context.get();
}

std::span<const std::byte> of(const std::shared_ptr<const PackedBytes::Bytes>& like) {
  return like ? std::span<const std::byte>(*like) : std::span<const std::byte>();
}

}  // namespace

PackedBytes::PackedBytes(std::span<const std::byte> bytes, std::shared_ptr<const Bytes> like)
    : size_(bytes.size()), like_(std::move(like)) {
  Bytes room(ZSTD_compressBound(bytes.size()));
  const std::size_t used =
      ZSTD_compress_usingDict(packer(), room.data(), room.size(), bytes.data(), bytes.size(),
                              of(like_).data(), of(like_).size(), kLevel);
  SMIC_CHECK(ZSTD_isError(used) == 0, "zstd does not pack what has room");
  packed_.assign(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(used));  // no room left
}

PackedBytes::Bytes PackedBytes::unpack() const {
  Bytes bytes(size_);
  const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  SMIC_CHECK(context, "no memory for unpacking");
  const std::size_t used =
      ZSTD_decompress_usingDict(context.get(), bytes.data(), bytes.size(), packed_.data(),
                                packed_.size(), of(like_).data(), of(like_).size());
  SMIC_CHECK(used == size_, "zstd does not unpack what it packed");
  return bytes;
}

}  // namespace smic
