// SPDX-License-Identifier: Apache-2.0
// A program for AArch64 without an operating system's libraries: linked with the object of one
// unit, it answers the requests that come on its standard input. An emulator runs it on any
// machine (other_cpu.h), so code for a CPU that is not here is executed and not only looked at.
//
// A request and an answer are a length and that many bytes, in the order other_cpu.cpp writes them.
#include <stddef.h>

#include "contract/abi.h"

using namespace smic::contract;

extern "C" {

void smic_v1_match(const RequestView*, Verdict*);
uint32_t smic_v1_split(uint32_t route, uint64_t entropy);

// What the compiler may call for copies, and no library brings.
void* memcpy(void* to, const void* from, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    static_cast<volatile char*>(to)[i] = static_cast<const char*>(from)[i];
  }
  return to;
}
}

namespace {

constexpr size_t kMaxMessage = size_t{1} << 20;
constexpr size_t kMaxSlots = 256;
constexpr size_t kMaxLines = 4096;

enum Call : long { kRead = 63, kWrite = 64, kExit = 93 };

long call(Call number, long a, long b, long c) {
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}

[[noreturn]] void end(int code) {
  for (;;) call(kExit, code, 0, 0);
}

void read_all(char* into, size_t size) {
  for (size_t done = 0; done < size;) {
    const long got = call(kRead, 0, reinterpret_cast<long>(into + done), long(size - done));
    if (got <= 0) end(done == 0 && got == 0 ? 0 : 1);
    done += size_t(got);
  }
}

void write_all(const char* from, size_t size) {
  for (size_t done = 0; done < size;) {
    const long put = call(kWrite, 1, reinterpret_cast<long>(from + done), long(size - done));
    if (put <= 0) end(1);
    done += size_t(put);
  }
}

char message[kMaxMessage];
Slice lines[kMaxLines];
HeaderSlot slots[kMaxSlots];

class Message {
 public:
  uint64_t number() {
    uint64_t value;
    __builtin_memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }
  Slice text() {
    const uint64_t size = number();
    return {take(size), size};
  }
  void put(uint64_t value) { __builtin_memcpy(take(sizeof value), &value, sizeof value); }
  size_t size() const { return at_; }

 private:
  char* take(uint64_t size) {
    if (size > kMaxMessage - at_) end(1);
    at_ += size;
    return message + at_ - size;
  }
  size_t at_ = 0;
};

RequestView read_view(Message& from) {
  RequestView view{};
  view.path = from.text();
  view.method = uint32_t(from.number());
  view.source_class = uint32_t(from.number());
  view.headers = slots;
  const uint64_t count = from.number();
  if (count > kMaxSlots) end(1);
  for (uint64_t slot = 0, line = 0; slot < count; ++slot) {
    slots[slot] = {lines + line, from.number()};
    for (uint64_t i = 0; i < slots[slot].count; ++i) {
      if (line == kMaxLines) end(1);
      lines[line++] = from.text();
    }
  }
  return view;
}

// The verdict, and the backend of its route for each entropy asked about.
size_t answer(Message request) {
  Verdict verdict;
  __builtin_memset(&verdict, 0xaa, sizeof verdict);  // all of it must be written
  const RequestView view = read_view(request);
  smic_v1_match(&view, &verdict);
  uint64_t entropies[16];
  const uint64_t count = request.number();
  if (count > 16) end(1);
  for (uint64_t i = 0; i < count; ++i) entropies[i] = request.number();
  Message out;
  out.put(verdict.route);
  for (const uint64_t word : verdict.allowed) out.put(word);
  for (uint64_t i = 0; i < count; ++i) out.put(smic_v1_split(verdict.route, entropies[i]));
  return out.size();
}

}  // namespace

extern "C" [[noreturn]] void _start() {
  for (;;) {
    uint64_t size;
    read_all(reinterpret_cast<char*>(&size), sizeof size);
    if (size > kMaxMessage) end(1);
    read_all(message, size);
    const uint64_t answered = answer(Message());
    write_all(reinterpret_cast<const char*>(&answered), sizeof answered);
    write_all(message, answered);
  }
}
