// SPDX-License-Identifier: Apache-2.0
// Eight bytes of a subject are tested at once where the class is a few ranges of ASCII: byte b is
// in first..last iff adding 0x80 - first to its low seven bits carries into bit 7 and adding 0x7f -
// last does not. Near the end of the subject the eight bytes before the end are read and shifted,
// so that nothing outside it is touched; a subject of less than eight goes byte by byte.
#include "compiler/codegen/spans.h"

#include <llvm/ADT/StringExtras.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <optional>

namespace smic::codegen {
namespace {

using Build = llvm::IRBuilderBase;
using llvm::BasicBlock;
using llvm::Value;

constexpr std::size_t kMostRanges = 4;  // more are told by bits
constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;

struct Range {
  unsigned first = 0, last = 0;
};

std::vector<Range> ranges_of(const ByteBits& bytes) {
  std::vector<Range> ranges;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (!(bytes[byte / 64] >> byte % 64 & 1)) continue;
    if (ranges.empty() || ranges.back().last + 1 != byte) ranges.push_back({byte, byte});
    ranges.back().last = byte;
  }
  return ranges;
}

Value* emit_bit_test(Build& build, const ByteBits& bytes, Value* byte) {
  const auto below = [&](unsigned limit, Value* then, Value* otherwise) {
    return build.CreateSelect(build.CreateICmpULT(byte, build.getInt8(limit)), then, otherwise);
  };
  Value* ascii = below(64, build.getInt64(bytes[0]), build.getInt64(bytes[1]));
  Value* rest = below(192, build.getInt64(bytes[2]), build.getInt64(bytes[3]));
  Value* index = build.CreateZExt(build.CreateAnd(byte, 63), build.getInt64Ty());
  return build.CreateTrunc(build.CreateLShr(below(128, ascii, rest), index), build.getInt1Ty());
}

Value* load(Build& build, llvm::Type* type, Value* at) {
  return build.CreateAlignedLoad(type, at, llvm::Align(1));
}

Value* step(Build& build, Value* at, Value* bytes) {
  return build.CreateInBoundsGEP(build.getInt8Ty(), at, bytes);
}

Value* distance(Build& build, Value* from, Value* to) {
  return build.CreateSub(build.CreatePtrToInt(to, build.getInt64Ty()),
                         build.CreatePtrToInt(from, build.getInt64Ty()));
}

// A function of its own; `emit` fills it unless it is there already.
template <class Emit>
llvm::Function* function(llvm::Function& beside, const std::string& name, unsigned pointers,
                         bool counted, Emit emit) {
  llvm::Module& module = *beside.getParent();
  if (llvm::Function* known = module.getFunction(name)) return known;
  llvm::LLVMContext& context = module.getContext();
  std::vector<llvm::Type*> types(pointers, llvm::PointerType::get(context, 0));
  if (counted) types.push_back(llvm::Type::getInt64Ty(context));
  auto* type = llvm::FunctionType::get(types[0], types, /*isVarArg=*/false);
  auto* made = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, name, module);
  made->addFnAttrs(llvm::AttrBuilder(context, beside.getAttributes().getFnAttrs()));
  llvm::IRBuilder<> build(BasicBlock::Create(context, "", made));
  emit(*made, build);
  return made;
}

BasicBlock* block(llvm::Function& function) {
  return BasicBlock::Create(function.getContext(), "", &function);
}

// ---- spans -------------------------------------------------------------------------------------

class SpanEmitter {
 public:
  SpanEmitter(llvm::Function& function, Build& build, const ByteBits& bytes, bool utf8)
      : function_(function),
        build_(build),
        bytes_(bytes),
        ranges_(ranges_of(bytes)),
        utf8_(utf8),
        end_(function.getArg(1)),
        data_(function.getArg(2)) {}

  void emit() {
    BasicBlock* loop = block(function_);
    done_ = block(function_);
    build_.SetInsertPoint(done_);
    stop_ = build_.CreatePHI(build_.getPtrTy(), 4);
    build_.SetInsertPoint(&function_.getEntryBlock());
    build_.CreateBr(loop);
    build_.SetInsertPoint(loop);
    at_ = build_.CreatePHI(build_.getPtrTy(), 3);
    at_->addIncoming(function_.getArg(0), &function_.getEntryBlock());
    const bool wide =
        ranges_.size() <= kMostRanges && (ranges_.empty() || ranges_.back().last < 0x80);
    wide ? by_words(loop) : by_bytes();
    finish(loop);
  }

 private:
  void done(Value* at) {
    stop_->addIncoming(at, build_.GetInsertBlock());
    build_.CreateBr(done_);
  }

  // High bit of every byte of `word` that the class does not have.
  Value* outside(Value* word) {
    Value* low = build_.CreateAnd(word, build_.getInt64(~kHighs));
    Value* inside = build_.getInt64(0);
    for (const Range& range : ranges_) {
      Value* from = build_.CreateAdd(low, build_.getInt64((0x80 - range.first) * kOnes));
      Value* upto =
          build_.CreateNot(build_.CreateAdd(low, build_.getInt64((0x7f - range.last) * kOnes)));
      Value* both = range.first == 0     ? upto
                    : range.last == 0x7f ? from
                                         : build_.CreateAnd(from, upto);
      inside = build_.CreateOr(inside, both);
    }
    return build_.CreateAnd(build_.CreateOr(build_.CreateNot(inside), word),
                            build_.getInt64(kHighs));
  }

  Value* first_of(Value* at, Value* stops) {
    Value* zeros = build_.CreateIntrinsic(llvm::Intrinsic::cttz, {build_.getInt64Ty()},
                                          {stops, build_.getTrue()});
    return step(build_, at, build_.CreateLShr(zeros, 3));
  }

  void by_words(BasicBlock* loop) {
    BasicBlock *whole = block(function_), *found = block(function_), *rest = block(function_);
    Value* left = distance(build_, at_, end_);
    build_.CreateCondBr(build_.CreateICmpUGE(left, build_.getInt64(8)), whole, rest);

    build_.SetInsertPoint(whole);
    Value* stops = outside(load(build_, build_.getInt64Ty(), at_));
    at_->addIncoming(step(build_, at_, build_.getInt64(8)), whole);
    build_.CreateCondBr(build_.CreateIsNull(stops), loop, found);
    build_.SetInsertPoint(found);
    done(first_of(at_, stops));

    build_.SetInsertPoint(rest);
    BasicBlock *some = block(function_), *last = block(function_), *small = block(function_);
    stop_->addIncoming(end_, rest);
    build_.CreateCondBr(build_.CreateIsNull(left), done_, some);
    build_.SetInsertPoint(some);
    Value* size = distance(build_, data_, end_);
    build_.CreateCondBr(build_.CreateICmpUGE(size, build_.getInt64(8)), last, small);
    build_.SetInsertPoint(last);
    last_word(left);
    build_.SetInsertPoint(small);
    by_bytes();
  }

  // The one to seven bytes that are left, with a stop behind them.
  void last_word(Value* left) {
    Value* bits = build_.CreateShl(left, 3);
    Value* word = load(build_, build_.getInt64Ty(), step(build_, end_, build_.getInt64(-8)));
    word = build_.CreateLShr(word, build_.CreateSub(build_.getInt64(64), bits));
    Value* behind = build_.CreateShl(build_.getInt64(0x80), bits);
    done(first_of(at_, build_.CreateOr(outside(word), behind)));
  }

  void by_bytes() {
    BasicBlock *before = build_.GetInsertBlock(), *loop = block(function_),
               *look = block(function_), *more = block(function_);
    build_.CreateBr(loop);
    build_.SetInsertPoint(loop);
    llvm::PHINode* at = build_.CreatePHI(build_.getPtrTy(), 2);
    at->addIncoming(at_, before);
    stop_->addIncoming(at, loop);
    build_.CreateCondBr(build_.CreateICmpEQ(at, end_), done_, look);
    build_.SetInsertPoint(look);
    Value* byte = load(build_, build_.getInt8Ty(), at);
    stop_->addIncoming(at, look);
    build_.CreateCondBr(emit_in_class(build_, bytes_, byte), more, done_);
    build_.SetInsertPoint(more);
    at->addIncoming(step(build_, at, build_.getInt64(1)), more);
    build_.CreateBr(loop);
  }

  // At the first byte that the class does not have, or the end.
  void finish(BasicBlock* loop) {
    build_.SetInsertPoint(done_);
    if (!utf8_) {
      build_.CreateRet(stop_);
      return;
    }
    BasicBlock *look = block(function_), *lead = block(function_), *stay = block(function_);
    build_.CreateCondBr(build_.CreateICmpEQ(stop_, end_), stay, look);
    build_.SetInsertPoint(stay);
    build_.CreateRet(stop_);
    build_.SetInsertPoint(look);
    Value* byte = load(build_, build_.getInt8Ty(), stop_);
    build_.CreateCondBr(emit_is_lead(build_, byte), lead, stay);
    build_.SetInsertPoint(lead);
    Value* behind = build_.CreateCall(sequence_function(function_), {stop_, end_});
    BasicBlock* broken = block(function_);
    at_->addIncoming(behind, lead);
    build_.CreateCondBr(build_.CreateIsNull(behind), broken, loop);
    build_.SetInsertPoint(broken);
    build_.CreateRet(behind);
  }

  llvm::Function& function_;
  Build& build_;
  const ByteBits& bytes_;
  const std::vector<Range> ranges_;
  const bool utf8_;
  Value *end_, *data_;
  BasicBlock* done_ = nullptr;
  llvm::PHINode *at_ = nullptr, *stop_ = nullptr;
};

}  // namespace

Value* emit_in_class(Build& build, const ByteBits& bytes, Value* byte) {
  const std::vector<Range> ranges = ranges_of(bytes);
  if (ranges.size() > kMostRanges) return emit_bit_test(build, bytes, byte);
  Value* inside = build.getFalse();
  for (const Range& range : ranges) {
    Value* from = build.CreateSub(byte, build.getInt8(range.first));
    inside =
        build.CreateOr(inside, build.CreateICmpULE(from, build.getInt8(range.last - range.first)));
  }
  return inside;
}

Value* emit_is_lead(Build& build, Value* byte) {
  return build.CreateICmpULE(build.CreateSub(byte, build.getInt8(0xc2)),
                             build.getInt8(0xf4 - 0xc2));
}

llvm::Function* span_function(llvm::Function& beside, const ByteBits& bytes, bool utf8) {
  std::string name = utf8 ? "span_utf8" : "span";
  for (const std::uint64_t word : bytes) name += "_" + llvm::utohexstr(word);
  return function(beside, name, 3, false, [&](llvm::Function& made, Build& build) {
    SpanEmitter(made, build, bytes, utf8).emit();
  });
}

llvm::Function* sequence_function(llvm::Function& beside) {
  return function(beside, "sequence", 2, false, [](llvm::Function& made, Build& build) {
    Value* end = made.getArg(1);
    BasicBlock *loop = block(made), *look = block(made), *took = block(made), *behind = block(made),
               *broken = block(made);
    Value* lead = load(build, build.getInt8Ty(), made.getArg(0));
    Value* long_ones =
        build.CreateZExt(build.CreateICmpUGE(lead, build.getInt8(0xf0)), build.getInt64Ty());
    Value* middle_ones =
        build.CreateZExt(build.CreateICmpUGE(lead, build.getInt8(0xe0)), build.getInt64Ty());
    Value* size = build.CreateAdd(build.CreateAdd(long_ones, middle_ones), build.getInt64(2));
    Value* until = step(build, made.getArg(0), size);  // compared only, never read
    Value* first = step(build, made.getArg(0), build.getInt64(1));
    build.CreateBr(loop);
    build.SetInsertPoint(loop);
    llvm::PHINode* at = build.CreatePHI(build.getPtrTy(), 2);
    at->addIncoming(first, &made.getEntryBlock());
    build.CreateCondBr(build.CreateICmpEQ(at, end), broken, look);
    build.SetInsertPoint(look);
    Value* byte = build.CreateAnd(load(build, build.getInt8Ty(), at), 0xc0);
    build.CreateCondBr(build.CreateICmpEQ(byte, build.getInt8(0x80)), took, broken);
    build.SetInsertPoint(took);
    Value* next = step(build, at, build.getInt64(1));
    at->addIncoming(next, took);
    build.CreateCondBr(build.CreateICmpEQ(next, until), behind, loop);
    build.SetInsertPoint(behind);
    build.CreateRet(next);
    build.SetInsertPoint(broken);
    build.CreateRet(llvm::ConstantPointerNull::get(build.getPtrTy()));
  });
}

llvm::Function* prefix_function(llvm::Function& beside) {
  return function(beside, "prefix", 3, true, [](llvm::Function& made, Build& build) {
    Value *begin = made.getArg(0), *text = made.getArg(2);
    Value* left = distance(build, begin, made.getArg(1));
    Value* size =
        build.CreateSelect(build.CreateICmpULT(left, made.getArg(3)), left, made.getArg(3));
    BasicBlock *loop = block(made), *look = block(made), *took = block(made), *stop = block(made);
    build.CreateBr(loop);
    build.SetInsertPoint(loop);
    llvm::PHINode* index = build.CreatePHI(build.getInt64Ty(), 2);
    index->addIncoming(build.getInt64(0), &made.getEntryBlock());
    build.CreateCondBr(build.CreateICmpEQ(index, size), stop, look);
    build.SetInsertPoint(look);
    Value* ours = load(build, build.getInt8Ty(), step(build, text, index));
    Value* theirs = load(build, build.getInt8Ty(), step(build, begin, index));
    build.CreateCondBr(build.CreateICmpEQ(ours, theirs), took, stop);
    build.SetInsertPoint(took);
    index->addIncoming(build.CreateAdd(index, build.getInt64(1)), took);
    build.CreateBr(loop);
    build.SetInsertPoint(stop);
    build.CreateRet(step(build, begin, index));
  });
}

}  // namespace smic::codegen
