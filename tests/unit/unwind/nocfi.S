/*
 * Assembler without call frame information. nocfi_framed(f) keeps a frame pointer;
 * nocfi_bare(f) does not touch it. Both call f and return 1.
 */
	.text
	.globl nocfi_framed
	.type nocfi_framed, @function
nocfi_framed:
	pushq %rbp
	movq %rsp, %rbp
	subq $32, %rsp
	call *%rdi
	movl $1, %eax
	leave
	ret
	.size nocfi_framed, . - nocfi_framed

	.globl nocfi_bare
	.type nocfi_bare, @function
nocfi_bare:
	subq $24, %rsp
	call *%rdi
	addq $24, %rsp
	movl $1, %eax
	ret
	.size nocfi_bare, . - nocfi_bare
	.section .note.GNU-stack, "", @progbits
