/*
 * Assembler with call frame information of kinds that compilers write seldom. All functions call
 * their last argument, a function without arguments, and return.
 */
	.text

/* cfi_in_rbx(inner, f): calls inner(f). At the call its CFA is known by rbx only. */
	.globl cfi_in_rbx
	.type cfi_in_rbx, @function
cfi_in_rbx:
	.cfi_startproc
	pushq %rbx
	.cfi_def_cfa_offset 16
	.cfi_offset %rbx, -16
	movq %rsp, %rbx
	.cfi_def_cfa_register %rbx
	subq $200, %rsp
	andq $-64, %rsp
	movq %rdi, %rax
	movq %rsi, %rdi
	call *%rax
	movq %rbx, %rsp
	.cfi_def_cfa_register %rsp
	popq %rbx
	.cfi_def_cfa_offset 8
	.cfi_restore %rbx
	ret
	.cfi_endproc
	.size cfi_in_rbx, . - cfi_in_rbx

/* cfi_saves_rbx(f): saves rbx, and says so by a restored state. */
	.globl cfi_saves_rbx
	.type cfi_saves_rbx, @function
cfi_saves_rbx:
	.cfi_startproc
	pushq %rbx
	.cfi_def_cfa_offset 16
	.cfi_offset %rbx, -16
	testq %rdi, %rdi
	jne 1f
	.cfi_remember_state
	popq %rbx
	.cfi_def_cfa_offset 8
	.cfi_restore %rbx
	ret
1:
	.cfi_restore_state
	movl $64, %ebx
	call *%rdi
	popq %rbx
	.cfi_def_cfa_offset 8
	.cfi_restore %rbx
	ret
	.cfi_endproc
	.size cfi_saves_rbx, . - cfi_saves_rbx

/* cfi_keeps_rbx(f): leaves rbx alone. */
	.globl cfi_keeps_rbx
	.type cfi_keeps_rbx, @function
cfi_keeps_rbx:
	.cfi_startproc
	subq $8, %rsp
	.cfi_def_cfa_offset 16
	call *%rdi
	addq $8, %rsp
	.cfi_def_cfa_offset 8
	ret
	.cfi_endproc
	.size cfi_keeps_rbx, . - cfi_keeps_rbx

/* cfi_in_r10(f): at the call its CFA is said to be in r10, which a call does not preserve. */
	.globl cfi_in_r10
	.type cfi_in_r10, @function
cfi_in_r10:
	.cfi_startproc
	leaq 8(%rsp), %r10
	.cfi_def_cfa %r10, 0
	subq $16, %rsp
	pushq %r10
	call *%rdi
	popq %r10
	leaq -8(%r10), %rsp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size cfi_in_r10, . - cfi_in_r10
	.section .note.GNU-stack, "", @progbits
