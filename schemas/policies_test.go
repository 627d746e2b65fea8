package schemas_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/schemas"
)

func TestTheDefaultPolicyKeepsItsPromises(t *testing.T) {
	t.Parallel()
	engine, digest, err := schemas.ReadPolicy(schemas.DefaultPolicy())
	require.NoError(t, err)
	require.Equal(t, "florin-default", engine.Policy().Name)
	require.Len(t, digest, 64)
	again, err := schemas.WritePolicy(engine.Policy())
	require.NoError(t, err)
	_, same, err := schemas.ReadPolicy(again)
	require.NoError(t, err)
	require.Equal(t, digest, same, "neither layout nor comments are part of its identity")
}
