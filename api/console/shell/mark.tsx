/** Podoh's mark. Beside the name or a label, so it says nothing itself. */
import address from '../icon.svg';

export function Mark({ size = 28 }: { readonly size?: number }) {
  return <img src={address} alt="" width={size} height={size} />;
}
