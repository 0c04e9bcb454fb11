// SPDX-License-Identifier: Apache-2.0
// Ownership of what a C library gives and one of its functions takes back:
//
//   std::unique_ptr<BIO, Freed<BIO_free>> memory(BIO_new(BIO_s_mem()));
#pragma once

namespace smic {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

}  // namespace smic
